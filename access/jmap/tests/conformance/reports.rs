//! Reports that come back about sent letters (RFC 8621 §7: `dsnBlobIds`, `mdnBlobIds`).

use mail::trace::{Attempt, AttemptOutcome, Event};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::sending::{own_identity, plain, submission, until};

/// Sends a letter to carol@gamma.test and others; returns the id of its submission, and its Message-ID.
fn sent(fixture: &Fixture) -> (String, String) {
    let email = plain(fixture);
    let create = json!({"k": {"identityId": own_identity(fixture), "emailId": email}});
    let made = fixture.call("EmailSubmission/set", json!({"create": create}))["created"]["k"].clone();
    assert_eq!((&made["dsnBlobIds"], &made["mdnBlobIds"]), (&json!([]), &json!([])), "{made}");
    let found = fixture.call("Email/get", json!({"ids": [email], "properties": ["messageId"]}));
    let message_id = found["list"][0]["messageId"][0].as_str().unwrap().to_owned();
    (made["id"].as_str().unwrap().to_owned(), message_id)
}

fn handed_over(fixture: &Fixture) {
    let (recipient, said) = ("carol@gamma.test".to_owned(), "250 2.0.0 ok".to_owned());
    let by = "mx.gamma.test".to_owned();
    let outcome = AttemptOutcome::Delivered;
    fixture.happened(Event::Attempt(Attempt { recipient, by, said, outcome, tls: String::new() }));
}

/// Makes a report with these fields in its second part, and this in its third.
fn report(kind: &str, fields: &str, returned: (&str, &str)) -> String {
    format!(
        "From: <postmaster@gamma.test>\r\nTo: <alice@alpha.test>\r\nSubject: Report\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n\
         --b\r\nContent-Type: {}\r\n\r\n{}\r\n--b--\r\n",
        returned.0, returned.1
    )
}

fn dsn(recipient: &str, action: &str, status: &str, message_id: &str) -> String {
    let fields = format!(
        "Reporting-MTA: dns; mx.gamma.test\r\n\r\nOriginal-Recipient: rfc822;{recipient}\r\n\
         Final-Recipient: rfc822;inner@gamma.test\r\nAction: {action}\r\nStatus: {status}\r\n"
    );
    report("delivery-status", &fields, ("text/rfc822-headers", &format!("Message-ID: <{message_id}>\r\n")))
}

fn mdn(recipient: &str, disposition: &str, message_id: &str) -> String {
    let fields = format!(
        "Reporting-UA: mutt\r\nFinal-Recipient: rfc822;{recipient}\r\nOriginal-Message-ID: <{message_id}>\r\n\
         Disposition: manual-action/MDN-sent-manually; {disposition}\r\n"
    );
    report("disposition-notification", &fields, ("message/rfc822", "Subject: Hello\r\n\r\nHello\r\n"))
}

fn blob(email: &str) -> Value {
    json!(email.replace('m', "L"))
}

#[test]
fn a_bounce_and_a_receipt_are_linked_to_the_submission_they_speak_of() {
    let fixture = Fixture::new();
    let (id, message_id) = sent(&fixture);
    handed_over(&fixture);
    let other = sent(&fixture).0;
    fixture.following(|| {
        until(&fixture, &id, |now| now["deliveryStatus"]["carol@gamma.test"]["delivered"] == "unknown");
        let since = fixture.state("EmailSubmission");
        let late = fixture.deliver("inbox", &dsn("carol@gamma.test", "delayed", "4.4.1", &message_id));
        let now = until(&fixture, &id, |now| now["dsnBlobIds"] == json!([blob(&late)]));
        // RFC 8621 §7: only "delivered" and "failed" affect it.
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["delivered"], "unknown");
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["smtpReply"], "450 4.4.1 delayed");
        assert_eq!(fixture.changes("EmailSubmission", &since), (json!([]), json!([id]), json!([])));

        let since = fixture.state("EmailSubmission");
        let failed = fixture.deliver("junk", &dsn("Carol@GAMMA.test", "failed", "5.1.1", &message_id));
        let now = until(&fixture, &id, |now| now["dsnBlobIds"] == json!([blob(&late), blob(&failed)]));
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["delivered"], "no");
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["smtpReply"], "550 5.1.1 failed");
        assert_eq!(now["deliveryStatus"]["bob@alpha.test"]["delivered"], "queued", "it does not speak of him");
        assert_eq!(fixture.changes("EmailSubmission", &since), (json!([]), json!([id]), json!([])));

        let shown = fixture.deliver("inbox", &mdn("dave@delta.test", "displayed", &message_id));
        let now = until(&fixture, &id, |now| now["mdnBlobIds"] == json!([blob(&shown)]));
        assert_eq!(now["deliveryStatus"]["dave@delta.test"]["displayed"], "yes");
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["displayed"], "unknown");

        // The blob is the letter as it came.
        let copied = fixture.call("Email/get", json!({"ids": [failed], "properties": ["blobId"]}));
        assert_eq!(copied["list"][0]["blobId"], now["dsnBlobIds"][1]);
        // The statement of a destroyed report stays.
        fixture.expunge(&failed);
        let after = submission(&fixture, &id);
        assert_eq!(after, now);
        assert_eq!(submission(&fixture, &other)["dsnBlobIds"], json!([]));
    });
}

#[test]
fn a_report_that_is_wrong_or_of_nobody_asked_changes_nothing() {
    let fixture = Fixture::new();
    let (id, message_id) = sent(&fixture);
    handed_over(&fixture);
    fixture.following(|| {
        until(&fixture, &id, |now| now["deliveryStatus"]["carol@gamma.test"]["delivered"] == "unknown");
    });
    let since = fixture.state("EmailSubmission");
    let before = submission(&fixture, &id);
    for wrong in [
        dsn("eve@evil.test", "failed", "5.1.1", &message_id),
        dsn("carol@gamma.test", "failed", "5.1.1", "guessed@alpha.test"),
        mdn("eve@evil.test", "displayed", &message_id),
        dsn("carol@gamma.test", "failed", "5.1.1", &message_id).replace("multipart/report", "multipart/mixed"),
        dsn("carol@gamma.test", "failed", "5.1.1", &message_id).replace("message/delivery-status", "text/plain"),
        "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n--b--\r\n".to_owned(),
    ] {
        fixture.deliver("inbox", &wrong);
    }
    // One report is destroyed before it is read; a valid one comes last, so that all others have been read before it.
    let gone = fixture.deliver("inbox", &dsn("carol@gamma.test", "failed", "5.1.1", &message_id));
    fixture.expunge(&gone);
    fixture.following(|| {
        let right = fixture.deliver("inbox", &mdn("carol@gamma.test", "deleted", &message_id));
        let now = until(&fixture, &id, |now| now["mdnBlobIds"] == json!([blob(&right)]));
        assert_eq!((&now["dsnBlobIds"], &now["deliveryStatus"]), (&json!([]), &before["deliveryStatus"]));
        assert_eq!(fixture.changes("EmailSubmission", &since), (json!([]), json!([id]), json!([])));
        let left = fixture.read(|view| Ok(mailbox::report::waiting(view, mailbox::LetterKey(0), 10)?));
        assert_eq!(left, [], "each was looked at once");
    });
}

#[test]
fn a_report_finds_its_submission_also_after_a_restart_and_never_one_that_is_gone() {
    let fixture = Fixture::new();
    let (id, message_id) = sent(&fixture);
    let (gone, gone_id) = sent(&fixture);
    fixture.call("EmailSubmission/set", json!({"destroy": [gone]}));
    // The client files the report itself while nobody looks.
    let blob_id = fixture.upload(dsn("carol@gamma.test", "delivered", "2.1.5", &message_id).as_bytes());
    let import = json!({"emails": {"k": {"blobId": blob_id, "mailboxIds": {fixture.role("archive"): true}}}});
    let email = fixture.call("Email/import", import)["created"]["k"]["id"].as_str().unwrap().to_owned();
    fixture.deliver("inbox", &dsn("carol@gamma.test", "delivered", "2.1.5", &gone_id));
    let fixture = fixture.reopened();
    fixture.following(|| {
        let now = until(&fixture, &id, |now| now["dsnBlobIds"] == json!([blob(&email)]));
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["delivered"], "queued", "we still have it");
        assert_eq!(submission(&fixture, &gone), Value::Null);
    });
}
