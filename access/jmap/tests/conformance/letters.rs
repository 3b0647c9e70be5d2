//! Letters as mailers write them, and their properties: one reading serves what is shown, listed, previewed and found.

use serde_json::{Value, json};

use crate::fixture::Fixture;

const HEAD: &str = "From: Ann <ann@one.test>\r\nTo: bob@two.test\r\nMIME-Version: 1.0\r\n";

/// Uploads octets and reads them as a letter.
fn parsed(fixture: &Fixture, octets: &[u8], properties: &Value) -> Value {
    let blob = fixture.upload(octets);
    let arguments = json!({"blobIds": [blob], "properties": properties, "fetchAllBodyValues": true});
    fixture.call("Email/parse", arguments)["parsed"][blob].clone()
}

/// Delivers a letter and returns these properties of it.
fn filed(fixture: &Fixture, letter: &str, properties: &Value) -> Value {
    let id = fixture.deliver("inbox", letter);
    let arguments = json!({"ids": [id], "properties": properties, "fetchAllBodyValues": true});
    fixture.call("Email/get", arguments)["list"][0].clone()
}

fn found(fixture: &Fixture, filter: &Value) -> usize {
    fixture.call("Email/query", json!({"filter": filter}))["ids"].as_array().unwrap().len()
}

#[test]
fn raw_text_is_read_alike_in_fields_bodies_and_previews() {
    let fixture = Fixture::new();
    let wanted = json!(["subject", "preview", "bodyValues", "header:Subject:asText", "header:Subject:asText:all"]);
    let (said, koi8) = ("Привет, это письмо", |text: &str| -> Vec<u8> {
        // The table of KOI8-R for the letters that are used here.
        let table =
            "Привет, это письмо".chars().zip(*b"\xf0\xd2\xc9\xd7\xc5\xd4, \xdc\xd4\xcf \xd0\xc9\xd3\xd8\xcd\xcf");
        let table: std::collections::HashMap<char, u8> = table.collect();
        text.chars().map(|c| table.get(&c).copied().unwrap_or(c as u8)).collect()
    });
    let head = format!("{HEAD}Content-Type: text/plain; charset=koi8-r\r\nSubject: ");
    let letter = [head.as_bytes(), &koi8(said), b"\r\n\r\n", &koi8(said), b"\r\n"].concat();
    let email = parsed(&fixture, &letter, &wanted);
    assert_eq!((&email["subject"], &email["preview"]), (&json!(said), &json!(said)));
    assert_eq!(email["header:Subject:asText"], said);
    assert_eq!(email["header:Subject:asText:all"], json!([said]));
    assert_eq!(
        email["bodyValues"]["1"],
        json!({"value": format!("{said}\n"), "isEncodingProblem": false, "isTruncated": false})
    );
    // No header names the charset; the text is UTF-8, as cron and scripts write it.
    let plain = "From: root\r\nSubject: x\r\n\r\nL’été à la forêt\r\n";
    let email = filed(&fixture, plain, &wanted);
    assert_eq!(email["preview"], "L’été à la forêt");
    assert_eq!(found(&fixture, &json!({"body": "forêt"})), 1);
}

#[test]
fn of_two_subjects_the_last_is_shown_and_a_file_has_one_name() {
    let fixture = Fixture::new();
    let letter = format!(
        "{HEAD}Subject: first heron\r\nSubject: second egret\r\nContent-Type: multipart/mixed; boundary*0=B; boundary*1=B\r\n\r\n\
         --BB\r\n\r\nHello\r\n--BB\r\nContent-Type: application/pdf\r\n\
         Content-Disposition: inline; filename=report (1).pdf\r\n\r\nx\r\n--BB--\r\n"
    );
    let email = filed(&fixture, &letter, &json!(["subject", "header:Subject:asText", "attachments", "hasAttachment"]));
    assert_eq!((&email["subject"], &email["header:Subject:asText"]), (&json!("second egret"), &json!("second egret")));
    assert_eq!((&email["attachments"][0]["name"], &email["hasAttachment"]), (&json!("report (1).pdf"), &json!(true)));
    assert_eq!(found(&fixture, &json!({"subject": "egret"})), 1);
    assert_eq!(found(&fixture, &json!({"subject": "heron"})), 1);
}

#[test]
fn a_letter_that_came_in_base64_opens() {
    let fixture = Fixture::new();
    let inner = "RnJvbTogY2FybEB0aHJlZS50ZXN0DQpTdWJqZWN0OiBpbm5lciBwZWxpY2FuDQoNCmlubmVyIHRleHQNCg==";
    let letter = format!(
        "{HEAD}Subject: x\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nsee\r\n--B\r\n\
         Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}\r\n--B--\r\n"
    );
    let email = filed(&fixture, &letter, &json!(["attachments"]));
    assert_eq!(email["attachments"][0]["type"], "message/rfc822");
    let blob = email["attachments"][0]["blobId"].as_str().unwrap();
    let inside = fixture.call("Email/parse", json!({"blobIds": [blob], "properties": ["subject"]}));
    assert_eq!(inside["parsed"][blob]["subject"], "inner pelican");
    assert_eq!(found(&fixture, &json!({"text": "pelican"})), 1);
}

#[test]
fn a_stub_of_plain_text_hides_no_letter() {
    let fixture = Fixture::new();
    for (stub, preview) in [
        ("", "Votre course du vingt-trois novembre, 14 euros"),
        ("Votre logiciel ne lit pas le HTML.", "Votre course du vingt-trois novembre, 14 euros"),
        ("Votre course du vingt-trois novembre", "Votre course du vingt-trois novembre"),
    ] {
        let letter = format!(
            "{HEAD}Subject: x\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\n\r\n{stub}\r\n--B\r\n\
             Content-Type: text/html\r\n\r\n<p>Votre course du vingt-trois novembre, 14 euros</p>\r\n--B--\r\n"
        );
        assert_eq!(filed(&fixture, &letter, &json!(["preview"]))["preview"], preview);
    }
    assert_eq!(found(&fixture, &json!({"body": "euros"})), 3);
}

/// Files that a mailer put into a letter without MIME are attachments: listed, found by name, downloaded; and they go
/// along when the letter is forwarded with its attachments, as the pages do it.
#[test]
fn files_beside_mime_are_listed_found_opened_and_sent_on() {
    let fixture = Fixture::new();
    let properties = json!(["bodyStructure", "textBody", "attachments", "hasAttachment", "preview", "bodyValues"]);
    let letter = format!(
        "{HEAD}Subject: x\r\n\r\nHere is the wren:\r\nbegin 644 wren (1).gif\r\n#86)C\r\n`\r\nend\r\nYours, Carl\r\n"
    );
    let email = filed(&fixture, &letter, &properties);
    let file = &email["attachments"][0];
    assert_eq!((&file["name"], &file["type"], &file["size"]), (&json!("wren (1).gif"), &json!("image/gif"), &json!(3)));
    assert_eq!((&email["hasAttachment"], &email["preview"]), (&json!(true), &json!("Here is the wren: Yours, Carl")));
    assert_eq!(
        (&email["bodyStructure"]["type"], &email["bodyStructure"]["partId"]),
        (&json!("multipart/mixed"), &Value::Null)
    );
    assert_eq!(email["bodyStructure"]["subParts"].as_array().map(Vec::len), Some(3));
    let text: String = email["textBody"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| email["bodyValues"][part["partId"].as_str().unwrap()]["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(text, "Here is the wren:\nYours, Carl\n");
    assert_eq!(fixture.download(file["blobId"].as_str().unwrap()), b"abc");
    assert_eq!(found(&fixture, &json!({"text": "wren (1).gif"})), 1);
    assert_eq!(found(&fixture, &json!({"hasAttachment": true})), 1);

    let inbox = fixture.role("inbox");
    let draft = json!({
        "mailboxIds": {inbox: true}, "subject": "Fwd", "textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "see"}},
        "attachments": [{"blobId": file["blobId"], "type": file["type"], "name": file["name"]}],
    });
    let sent = fixture.call("Email/set", json!({"create": {"k": draft}}))["created"]["k"]["id"].clone();
    let sent = fixture.call("Email/get", json!({"ids": [sent], "properties": ["attachments"]}))["list"][0].clone();
    assert_eq!(fixture.download(sent["attachments"][0]["blobId"].as_str().unwrap()), b"abc");
}

#[test]
fn winmail_is_opened() {
    let fixture = Fixture::new();
    let letter = include_bytes!("../../../../house/mailbox/tests/letters/winmail.eml");
    let letter = std::str::from_utf8(letter).unwrap();
    let email = filed(&fixture, letter, &json!(["textBody", "attachments", "bodyValues"]));
    let names: Vec<&str> =
        email["attachments"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["plans of the tower (final).pdf", "HERON.PNG", "Re_ the egret.txt", "note of the egret.txt"]);
    let plans = fixture.download(email["attachments"][0]["blobId"].as_str().unwrap());
    assert_eq!((plans.len() as u64, email["attachments"][0]["size"].as_u64()), (760, Some(760)));
    let outlook = email["textBody"][1]["partId"].as_str().unwrap();
    assert!(email["bodyValues"][outlook]["value"].as_str().unwrap().contains("the heron’s plans"));
    for filter in [json!({"text": "tower"}), json!({"body": "storeys"}), json!({"text": "egret"})] {
        assert_eq!(found(&fixture, &filter), 1, "{filter}");
    }
}
