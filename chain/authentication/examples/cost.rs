//! Measures the processor's time of all checks of a letter from outside, beside those of name servers: `cargo run --release
//! --package facteur-authentication --example cost`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::dkim::{Signer, SigningKey};
use facteur_authentication::SenderProof;
use mail::check::{Arriving, Check};
use mail::seam::{Origin, Wire};
use mail::{Address, BodyKind, Domain, Envelope, Findings, Letter, LetterId, Recipient, ReturnPath};
use net::{Answer, Table};
use store::{Options, Store};

const ROUNDS: u32 = 2000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(Options::new(folder.path()), directory::MIGRATIONS)?;
    let key = SigningKey::from_pem(include_bytes!("../../../words/auth/src/dkim/samples/rsa-2048.pem"))?;
    let signer = Signer { domain: "bank.test".to_owned(), selector: "one".to_owned(), key };
    let text = |text: String| Ok(Answer::found(vec![text.into_bytes()]));
    let table = Table::new()
        .txt("bank.test", text("v=spf1 ip4:198.51.100.10 -all".to_owned()))
        .txt("_dmarc.bank.test", text("v=DMARC1; p=reject".to_owned()))
        .txt("one._domainkey.bank.test", text(signer.key.public_record()));
    let check = SenderProof::new(Arc::new(table), store, Domain::parse("mail.alpha.test")?, |_| false, Arc::default());
    let wire = Wire { hello: "mail.bank.test".to_owned(), ..Wire::new("198.51.100.10".parse()?) };
    let origin = Origin::Peer(wire);
    for octets in [2_000, 20_000, 100_000] {
        let plain = letter(octets);
        let now = u64::try_from(net::now().seconds())?;
        let signed = [signer.sign(&plain, now).map_err(|_| "no signature")?.into_bytes(), plain].concat();
        let letter = Letter { id: LetterId::from_random([0; 10]), raw: signed.into() };
        let least = measured(&check, &origin, &letter).await;
        println!("{octets} octets: {least:.0} µs");
    }
    Ok(())
}

/// Returns the microseconds of one letter, the least of many rounds.
async fn measured(check: &SenderProof, origin: &Origin, letter: &Letter) -> f64 {
    let return_path = Address::parse("info@bank.test").map_or(ReturnPath::Null, ReturnPath::Address);
    let recipients = Address::parse("alice@alpha.test").map(Recipient::new).into_iter().collect();
    let envelope = Envelope {
        return_path,
        recipients,
        body: BodyKind::SevenBit,
        smtputf8: false,
        hold: None,
        wishes: mail::LetterWishes::default(),
    };
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let Some(mut look) = check.begin(Arriving { origin, envelope: &envelope, letter }) else { continue };
        letter.raw.chunks(32 * 1024).for_each(|piece| look.octets(piece));
        let findings = Findings::default();
        let concluded = look.conclude(&findings, Duration::from_secs(20)).await;
        least = least.min(begun.elapsed().as_secs_f64() * 1e6);
        assert!(concluded.is_ok_and(|concluded| format!("{concluded:?}").contains("dmarc-proved")));
    }
    least
}

/// Makes a letter of so many octets, in lines of words.
fn letter(octets: usize) -> Vec<u8> {
    let header = "From: Ann <ann@bank.test>\r\nTo: Bob <bob@alpha.test>\r\nSubject: A letter\r\n\
                  Date: Mon, 30 Nov 2026 17:00:00 +0000\r\nMessage-ID: <1@bank.test>\r\nMIME-Version: 1.0\r\n\r\n";
    let line = "Some words of a usual length  stand on each line, and it ends here. \r\n";
    let mut letter = header.as_bytes().to_vec();
    letter.extend(line.bytes().cycle().take(octets / line.len() * line.len()));
    letter
}
