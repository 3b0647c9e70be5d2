//! Records of SPF, senders and names of peers of any kind: a verdict that fits its problem, within the limits on
//! questions, and no panic.
#![no_main]

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use auth::Table;
use auth::spf::{SpfQuestion, check, check_helo};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|octet| *octet == b'\n');
    let names = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (sender, helo) = names.split_once(' ').unwrap_or((&names, "mail.a.test"));
    let ip = Ipv4Addr::new(192, 0, 2, 1).into();
    let mut table = Table::new().ptr(ip, "mail.a.test").host("mail.a.test", ip).mx("a.test", "mail.a.test");
    for (text, name) in lines.zip(["a.test", "b.test", "c.test", "why.test"]) {
        table = table.txt(name, text);
    }
    for mail_from in [sender, "ann@a.test", ""] {
        let question = SpfQuestion { ip, helo, mail_from, receiver: "mail.b.test", now: 1 };
        for verdict in [wait(check(&table, question)), wait(check_helo(&table, question))] {
            let by_problem = verdict.problem.map_or(verdict.result, |problem| problem.result());
            assert_eq!(by_problem, verdict.result);
        }
    }
});

fn wait<T>(asked: impl Future<Output = T>) -> T {
    match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("a table answers at once"),
    }
}
