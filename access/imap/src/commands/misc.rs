//! ENABLE, NAMESPACE, GETQUOTA, GETQUOTAROOT.

use mailbox::{Error, account, folder};

use crate::codec::write;
use crate::session::{Answer, Done, Output, Session};

/// Answers ENABLE (RFC 5161). Unknown names are ignored; the answer contains the new ones. Some clients send it with a
/// folder selected, which §3.1 leaves to the server: it takes effect from the next response on.
pub(super) fn enable(session: &mut Session, out: &mut Output<'_>, names: &[String]) -> Done {
    let enabled = &mut session.enabled;
    let mut news = String::from("* ENABLED");
    for name in names {
        let (switch, name) = match name.as_str() {
            "IMAP4REV2" => (&mut enabled.rev2, "IMAP4rev2"),
            "CONDSTORE" => (&mut enabled.condstore, "CONDSTORE"),
            "QRESYNC" => (&mut enabled.qresync, "QRESYNC"),
            "UTF8=ACCEPT" => (&mut enabled.utf8, "UTF8=ACCEPT"),
            _ => continue,
        };
        if !std::mem::replace(switch, true) {
            news.push(' ');
            news.push_str(name);
        }
    }
    // RFC 7162 §3.2.3: a client that enables QRESYNC gets CONDSTORE with it.
    enabled.condstore |= enabled.qresync;
    out.line(&news);
    Ok(Answer::ok("Done"))
}

/// Answers NAMESPACE (RFC 9051 §6.3.10): there is one namespace, the person's own.
pub(super) fn namespace(out: &mut Output<'_>) -> Done {
    out.line("* NAMESPACE ((\"\" \"/\")) NIL NIL");
    Ok(Answer::ok("Done"))
}

/// Answers GETQUOTA (RFC 9208 §4.1.1). There is one root, `""`: the whole mailbox, and only if a limit is set.
pub(super) async fn quota(session: &Session, out: &mut Output<'_>, root: &str) -> Done {
    let access = session.access();
    let usage = session.server.shared.store.read_for(session.asker(), move |view| account::usage(view, access)).await?;
    match usage.quota {
        Some(quota) if root.is_empty() => {
            write_quota(out, usage.used, quota);
            Ok(Answer::ok("Done"))
        }
        _ => Ok(Answer::no("There is no such quota root").word("NONEXISTENT")),
    }
}

/// Answers GETQUOTAROOT (RFC 9208 §4.1.2).
pub(super) async fn quota_root(session: &Session, out: &mut Output<'_>, name: String) -> Done {
    let access = session.access();
    let (folder, usage) = session
        .server
        .shared
        .store
        .read_for(session.asker(), move |view| {
            let folder = folder::by_name(view, access, &name)?.ok_or(Error::NoFolderCalled(name))?;
            Ok::<_, Error>((folder, account::usage(view, access)?))
        })
        .await?;
    out.buffer().extend_from_slice(b"* QUOTAROOT ");
    write::folder_name(out.buffer(), &folder.name, session.enabled.utf8_names());
    out.line(if usage.quota.is_some() { " \"\"" } else { "" });
    if let Some(quota) = usage.quota {
        write_quota(out, usage.used, quota);
    }
    Ok(Answer::ok("Done"))
}

/// Writes the quota in units of 1024 octets; usage is rounded up (RFC 9208 §5.1).
fn write_quota(out: &mut Output<'_>, used: u64, quota: u64) {
    out.line(&format!("* QUOTA \"\" (STORAGE {} {})", used.div_ceil(1024), quota / 1024));
}
