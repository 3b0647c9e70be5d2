//! Log-ins with a token: the examples of RFC 7628 and of Google's page on XOAUTH2, and failures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use facteur_sasl::{Bearer, BearerMechanism, ClientError, MAX_TOKEN};
use mail::Password;

fn bearer(mechanism: BearerMechanism, name: &str, token: &str) -> Result<Bearer, ClientError> {
    Bearer::new(mechanism, name, &Password::new(token.into()), "server.example.com", 143)
}

fn text(line: &Password) -> String {
    String::from_utf8(STANDARD.decode(line.reveal()).unwrap()).unwrap()
}

#[test]
fn the_example_of_rfc_7628_is_what_we_send() {
    let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
    let mut login = bearer(BearerMechanism::OAuthBearer, "user@example.com", token).unwrap();
    let expected = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI\
                    HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
    assert_eq!(login.initial().reveal(), expected);
}

#[test]
fn xoauth2_names_the_person_and_the_token() {
    let mut login = bearer(BearerMechanism::XOAuth2, "someuser@example.com", "ya29.token").unwrap();
    assert_eq!(text(&login.initial()), "user=someuser@example.com\x01auth=Bearer ya29.token\x01\x01");
}

#[test]
fn an_empty_challenge_asks_for_what_did_not_fit_behind_the_command() {
    let mut login = bearer(BearerMechanism::XOAuth2, "user@example.com", "token").unwrap();
    assert_eq!(text(&login.challenge("").unwrap()), "user=user@example.com\x01auth=Bearer token\x01\x01");
    assert_eq!(login.challenge("").unwrap_err(), ClientError::Malformed);
}

#[test]
fn a_refused_token_is_answered_so_that_the_server_can_say_no() {
    let why = STANDARD.encode(r#"{"status":"invalid_token","scope":"mail"}"#);
    for (mechanism, dummy) in [(BearerMechanism::OAuthBearer, "AQ=="), (BearerMechanism::XOAuth2, "")] {
        let mut login = bearer(mechanism, "user@example.com", "token").unwrap();
        login.initial();
        assert_eq!(login.refusal(), None);
        assert_eq!(login.challenge(&why).unwrap().reveal(), dummy);
        assert_eq!(login.refusal(), Some(r#"{"status":"invalid_token","scope":"mail"}"#));
        // The client does not follow a server that goes on and on.
        assert_eq!(login.challenge(&why).unwrap_err(), ClientError::Malformed);
    }
}

#[test]
fn a_refusal_is_one_short_line_whatever_the_server_sends() {
    let mut login = bearer(BearerMechanism::XOAuth2, "user@example.com", "token").unwrap();
    login.initial();
    login.challenge(&STANDARD.encode(format!("a\r\n\x1b[2J{}", "b".repeat(4000)))).unwrap();
    let refusal = login.refusal().unwrap();
    assert!(refusal.starts_with("a[2Jb") && refusal.chars().count() == 500);
    let mut login = bearer(BearerMechanism::XOAuth2, "user@example.com", "token").unwrap();
    assert_eq!(login.challenge("not base64!").unwrap_err(), ClientError::Malformed);
}

#[test]
fn a_name_or_token_cannot_smuggle_in_a_field() {
    for (name, token) in [
        ("user\x01auth=Bearer mine", "token"),
        ("user", "token\x01"),
        ("user", "token\r\nA2 LOGOUT"),
        ("user", "töken"),
        ("", "token"),
        ("user", ""),
    ] {
        for mechanism in BearerMechanism::ALL {
            assert!(bearer(mechanism, name, token).is_err(), "{name:?} {token:?}");
        }
    }
    assert!(bearer(BearerMechanism::XOAuth2, "user", &"t".repeat(MAX_TOKEN)).is_ok());
    assert!(bearer(BearerMechanism::XOAuth2, "user", &"t".repeat(MAX_TOKEN + 1)).is_err());
    let mut odd = bearer(BearerMechanism::OAuthBearer, "a,b=c", "token").unwrap();
    assert!(text(&odd.initial()).starts_with("n,a=a=2Cb=3Dc,\x01"));
}

#[test]
fn the_standard_is_preferred_to_what_came_before_it() {
    assert_eq!(BearerMechanism::best(&["PLAIN", "xoauth2", "OAuthBearer"]), Some(BearerMechanism::OAuthBearer));
    assert_eq!(BearerMechanism::best(&["XOAUTH2"]), Some(BearerMechanism::XOAuth2));
    assert_eq!(BearerMechanism::best(&["PLAIN", "LOGIN"]), None);
}
