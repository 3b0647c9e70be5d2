//! Tests of the places of a post office when nobody names them: its doors and its data, whoever asks and from
//! wherever. Each test has a network and a `/var/lib` of its own (unshare(1)), which only root can make.

use std::process::Command;

use tests::{facteur, may_become_others};

/// Runs a script of bash in a machine of its own: loopback alone, an empty `/var/lib`. `$F` is the program, and the script
/// begins in an empty folder that everybody may write to. None: not here.
fn apart(script: &str) -> Option<(bool, String)> {
    if !may_become_others() {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let whole = format!(
        "set -u; exec 2>&1; mount -t tmpfs -o mode=755 none /var/lib && mount -t tmpfs none /srv && ip link set lo up || exit 99\n\
         mkdir -m 1777 /srv/here /srv/there; cp \"$PROGRAM\" /srv/facteur; chmod 755 /srv /srv/facteur; F=/srv/facteur\n\
         export LANG=C; N=\"setpriv --reuid=65534 --regid=65534 --clear-groups\"\n\
         cd /srv/here\n{script}\n"
    );
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net", "--", "bash", "-c", &whole]).env("PROGRAM", facteur()).current_dir(folder.path());
    let output = unshare.output().expect("unshare(1) is part of util-linux");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() == Some(99) || said.contains("unshare: ") {
        println!("NOT TRIED: no network or mount of its own can be made here: {said}");
        return None;
    }
    Some((output.status.success(), said))
}

/// Starts `serve`, and knocks at each port by both families.
fn knock(serve: &str, ports: &[u16]) -> Option<(bool, String)> {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    apart(&format!(
        "{serve} & serving=$!\n\
         for turn in $(seq 600); do (exec 3<>/dev/tcp/127.0.0.1/{last}) 2>/dev/null && break; sleep 0.1; done\n\
         failed=0\n\
         for port in {all}; do for ip in 127.0.0.1 ::1; do\n\
           [ $ip = ::1 ] && ! ip -6 addr show lo | grep -q ::1 && continue\n\
           (exec 3<>/dev/tcp/$ip/$port) 2>/dev/null || {{ echo \"CLOSED: $ip $port\"; failed=1; }}\n\
         done; done\n\
         kill $serving; wait $serving; exit $failed",
        last = ports.last().expect("a port"),
        all = ports.join(" "),
    ))
}

#[test]
fn each_default_door_is_reached_by_both_families() {
    let low = knock("$F serve", &[25, 587, 465, 143, 993, 995, 80, 443]);
    let high = knock("$N $F serve", &[2525, 2587, 2465, 2143, 2993, 2110, 2995, 8080, 8443]);
    for (reached, said) in [low, high].into_iter().flatten() {
        assert!(reached, "{said}");
    }
}

#[test]
fn without_ipv6_the_doors_are_those_of_ipv4() {
    let script = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1 || exit 99\n\
         $N $F serve & serving=$!\n\
         for turn in $(seq 600); do (exec 3<>/dev/tcp/127.0.0.1/8443) 2>/dev/null && break; sleep 0.1; done\n\
         (exec 3<>/dev/tcp/127.0.0.1/2525); reached=$?; kill $serving; wait $serving; exit $reached";
    let Some((reached, said)) = apart(script) else { return };
    assert!(reached, "{said}");
}

#[test]
fn the_data_are_the_same_for_root_wherever_it_stands_and_hidden_from_others_is_not_absent() {
    let script = "$F domain add alpha.test || exit 1\n\
         cd /srv/there && $F domain list | grep -q alpha.test || { echo 'not found from elsewhere'; exit 1; }\n\
         $N $F domain list; [ $? = 1 ] || exit 1\n\
         $N $F domain add beta.test; [ $? = 1 ] || exit 1\n\
         $N $F serve; [ $? = 1 ] || exit 1\n\
         [ -e facteur-data ] && { echo 'a second post office was begun'; exit 1; }\n\
         chmod 700 /var/lib; $N $F domain list; [ $? = 1 ] || exit 1";
    let Some((done, said)) = apart(script) else { return };
    assert!(done, "{said}");
    assert_eq!(said.matches("no right").count(), 4, "{said}");
    assert!(!said.contains("there is no post office"), "{said}");
}

#[test]
fn what_a_person_has_begun_in_a_folder_is_what_root_means_there() {
    let script = "$N $F domain add alpha.test || exit 1\n\
         [ -d facteur-data ] || exit 1\n\
         $F domain list | grep -q alpha.test || exit 1\n\
         $F domain add beta.test || exit 1\n\
         [ -e /var/lib/facteur ] && exit 1\n\
         $N $F domain list | grep -q beta.test || exit 1\n\
         cd /srv/there && $N $F domain list; [ $? = 1 ] || exit 1";
    let Some((done, said)) = apart(script) else { return };
    assert!(done, "{said}");
    assert!(said.contains("there is no post office in /srv/there/facteur-data yet"), "{said}");
}
