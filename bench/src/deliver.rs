//! Letters of 10 kB through SMTP into one mailbox, until the last one is there.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tests::{Dialogue, Dovecot, Office, OfficeBuilder, Postfix, generated_letter};

use crate::report::{percentile, table, times};
use crate::shim::{Disk, Shim};

const SIZE: usize = 10_000;

/// The result of one run.
struct Measured {
    per_second: f64,
    syncs_per_letter: f64,
    /// Microseconds of the processor, where one process does it all.
    processor_per_letter: f64,
    /// Milliseconds from the final dot to the 250, sorted.
    latency: Vec<f64>,
}

/// A mail server with a mailbox behind it.
trait Server {
    fn port(&self) -> u16;
    fn recipient(&self) -> &str;
    /// Letters in the mailbox.
    fn filed(&self) -> usize;
    /// The process that does it all, where it is one.
    fn process(&self) -> Option<u32> {
        None
    }
}

struct Ours(Office);

impl Server for Ours {
    fn port(&self) -> u16 {
        self.0.ports.smtp
    }
    fn recipient(&self) -> &str {
        "alice@alpha.test"
    }
    fn filed(&self) -> usize {
        // The 250 says that the letter is filed; that this is so is shown by the tests, not here.
        usize::MAX
    }
    fn process(&self) -> Option<u32> {
        Some(self.0.pid())
    }
}

/// The time of processors that a process has used so far, for itself and in the system, in seconds. Unlike the time that
/// passes it hardly changes where others use the machine as well.
fn processor_time(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    // Behind the name, which may have blanks; then utime and stime are the 12th and 13th field (proc(5)).
    let fields = stat.rsplit_once(')').expect("a name").1.split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    // A tick is a hundredth of a second, whatever the machine.
    ticks as f64 / 100.0
}

struct Theirs {
    postfix: Postfix,
    dovecot: Dovecot,
}

impl Server for Theirs {
    fn port(&self) -> u16 {
        self.postfix.port
    }
    fn recipient(&self) -> &str {
        "carol@foreign.test"
    }
    fn filed(&self) -> usize {
        let folder = self.dovecot.maildir("carol@foreign.test").join("new");
        std::fs::read_dir(folder).map_or(0, |entries| entries.count())
    }
}

fn ours(shim: &Shim) -> Ours {
    let builder = OfficeBuilder::new("alpha.test").person("alice");
    Ours(shim.environment().iter().fold(builder, |office, (name, value)| office.environment(name, value)).start())
}

fn theirs(shim: &Shim) -> Theirs {
    let variables = shim.environment().map(|(name, value)| format!("{name}={value}")).join(" ");
    let dovecot = Dovecot::start(&format!("import_environment = TZ {variables}\n"));
    let transport = format!("lmtp:inet:127.0.0.1:{}", dovecot.lmtp);
    let settings = [
        ("virtual_transport", transport.as_str()),
        ("import_environment", &format!("MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C {variables}")),
    ];
    Theirs { postfix: Postfix::start_with(&settings), dovecot }
}

/// Sends `letters` over `sessions` connections and waits until all are in the mailbox.
fn measure(server: &(impl Server + Sync), shim: &Shim, sessions: usize, letters: usize) -> Measured {
    let before = (server.filed(), shim.syncs());
    let worked = || server.process().map_or(0.0, processor_time);
    let worked_before = worked();
    let latency = Mutex::new(Vec::with_capacity(letters));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for session in 0..sessions {
            let latency = &latency;
            let share = letters / sessions + usize::from(session < letters % sessions);
            scope.spawn(move || send(server, session, share, latency));
        }
    });
    while server.filed().saturating_sub(before.0) < letters && server.filed() != usize::MAX {
        std::thread::sleep(Duration::from_millis(5));
        assert!(start.elapsed() < Duration::from_secs(600), "the letters do not arrive");
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut latency = latency.into_inner().expect("lock");
    latency.sort_by(f64::total_cmp);
    let syncs = (shim.syncs() - before.1) as f64;
    let processor_per_letter = (worked() - worked_before) * 1e6 / letters as f64;
    Measured {
        per_second: letters as f64 / seconds,
        syncs_per_letter: syncs / letters as f64,
        processor_per_letter,
        latency,
    }
}

fn send(server: &impl Server, session: usize, letters: usize, latency: &Mutex<Vec<f64>>) {
    let mut dialogue = Dialogue::open(server.port()).expect("connected");
    dialogue.reply().expect("greeted");
    dialogue.ask("EHLO client.test").expect("answered");
    let mut own = Vec::with_capacity(letters);
    for number in 0..letters {
        let id = format!("b{session}-{number}");
        let letter = generated_letter(&id, "bench@elsewhere.test", server.recipient(), SIZE);
        let start = Instant::now();
        assert!(
            dialogue.send("bench@elsewhere.test", server.recipient(), &letter).expect("answered"),
            "a letter was refused"
        );
        own.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    latency.lock().expect("lock").extend(own);
}

/// Measures at 1, 8 and 64 sessions, on this disk and on two slower ones.
pub fn run() {
    let slow = Disk { delay_us: 4000, one_at_a_time: false };
    let disks = [
        ("this disk", Disk::default(), [500, 3000, 10_000]),
        ("each sync 4 ms slower, any number at once", slow, [200, 1000, 5000]),
        ("each sync 4 ms slower, one at a time", Disk { one_at_a_time: true, ..slow }, [200, 1000, 5000]),
    ];
    for (name, disk, letters) in disks {
        let mut rows = Vec::new();
        for (sessions, letters) in [1, 8, 64].into_iter().zip(letters) {
            let we = {
                let shim = Shim::new(disk);
                measure(&ours(&shim), &shim, sessions, letters)
            };
            let they = {
                let shim = Shim::new(disk);
                // They are slower by far; a smaller number of letters gives the same rate sooner.
                measure(&theirs(&shim), &shim, sessions, (letters / 4).max(100))
            };
            rows.push(row(sessions, &we, &they));
        }
        let heads = [
            "sessions",
            "letters/s",
            "Postfix+Dovecot",
            "ratio",
            "syncs/letter",
            "theirs",
            "our CPU µs/letter",
            "p50 ms",
            "theirs",
            "p99 ms",
            "theirs",
        ];
        table(
            &format!("Durable letters of 10 kB into one mailbox, {name} (latency: MAIL to the last 250)"),
            &heads,
            &rows,
        );
    }
}

fn row(sessions: usize, we: &Measured, they: &Measured) -> Vec<String> {
    let latency = |measured: &Measured, share| format!("{:.1}", percentile(&measured.latency, share));
    vec![
        sessions.to_string(),
        format!("{:.0}", we.per_second),
        format!("{:.0}", they.per_second),
        times(we.per_second, they.per_second),
        format!("{:.3}", we.syncs_per_letter),
        format!("{:.2}", they.syncs_per_letter),
        format!("{:.0}", we.processor_per_letter),
        latency(we, 0.5),
        latency(they, 0.5),
        latency(we, 0.99),
        latency(they, 0.99),
    ]
}
