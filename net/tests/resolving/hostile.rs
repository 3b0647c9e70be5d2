//! A question ends with an answer or with a fault, whatever a server sends.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use facteur_net::{Answer, Dns, DnsFault, Resolver};
use hickory_server::proto::op::Message;
use hickory_server::proto::rr::rdata::{A, TXT};
use hickory_server::proto::rr::{RData, RecordType};

use crate::server::{NameServer, Wire, alias, asked_for, name, records, reply};

/// The longest time that a question takes, whatever comes; a busy machine may need the same time again.
const END: Duration = Duration::from_secs(40);

async fn texts(dns: &Dns) -> Result<Answer<Vec<Vec<u8>>>, DnsFault> {
    let begun = Instant::now();
    let answer = dns.txt("alpha.test").await;
    assert!(begun.elapsed() < END, "{:?}", begun.elapsed());
    answer
}

fn right(question: &Message) -> Message {
    records(question, [(name("alpha.test."), RData::TXT(TXT::new(vec!["right".into()])))])
}

fn wrong(question: &Message) -> Message {
    records(question, [(name("alpha.test."), RData::TXT(TXT::new(vec!["wrong".into()])))])
}

fn is_right(answer: Result<Answer<Vec<Vec<u8>>>, DnsFault>) {
    assert_eq!(answer.unwrap().records(), Some(vec![b"right".to_vec()]));
}

#[tokio::test]
async fn a_reply_to_another_question_is_not_taken_for_ours() {
    let server = NameServer::saying(|question, _| {
        let mut other_id = wrong(question);
        other_id.metadata.id = question.metadata.id.wrapping_add(1);
        let mut other_name = wrong(question);
        other_name.queries[0].set_name(name("beta.test."));
        let mut other_kind = wrong(question);
        other_kind.queries[0].set_query_type(RecordType::A);
        [other_id, other_name, other_kind, right(question)].map(|reply| reply.to_vec().unwrap()).into()
    })
    .await;
    is_right(texts(&server.dns).await);
}

#[tokio::test]
async fn what_is_cut_short_is_asked_for_again_over_tcp() {
    let server = NameServer::saying(|question, wire| {
        let whole = right(question);
        let mut cut = reply(question, hickory_server::proto::op::ResponseCode::NoError);
        cut.metadata.truncation = true;
        vec![if wire == Wire::Udp { cut } else { whole }.to_vec().unwrap()]
    })
    .await;
    is_right(texts(&server.dns).await);
}

#[tokio::test]
async fn what_is_always_cut_short_is_a_fault_or_told_and_ends() {
    let server = NameServer::answering(|question| {
        let mut cut = reply(question, hickory_server::proto::op::ResponseCode::NoError);
        cut.metadata.truncation = true;
        cut
    })
    .await;
    assert!(texts(&server.dns).await.is_err(), "what was cut away may be there");
}

#[tokio::test]
async fn aliases_without_an_end_are_a_fault_and_not_none() {
    let itself = NameServer::answering(|question| alias(question, "alpha.test.", "alpha.test.")).await;
    assert!(texts(&itself.dns).await.is_err());
    let circle = NameServer::answering(|question| {
        let (asked, _) = asked_for(question);
        alias(question, &asked, if asked == "alpha.test." { "beta.test." } else { "alpha.test." })
    })
    .await;
    assert!(texts(&circle.dns).await.is_err());
    let longer = NameServer::answering(|question| {
        let (asked, _) = asked_for(question);
        alias(question, &asked, &format!("a.{asked}"))
    })
    .await;
    assert!(texts(&longer.dns).await.is_err());
    assert!(longer.asked() < 50, "{} questions for one", longer.asked());
}

/// The octets of a reply: over UDP without its records, which come over TCP.
fn as_it_fits(mut reply: Message, wire: Wire) -> Vec<u8> {
    if wire == Wire::Udp {
        reply.answers.clear();
        reply.metadata.truncation = true;
    }
    reply.to_vec().unwrap()
}

#[tokio::test]
async fn of_a_huge_answer_a_bounded_part_is_taken() {
    let server = NameServer::saying(|question, wire| {
        let (asked, kind) = asked_for(question);
        let data = |n: u32| match kind {
            RecordType::A => RData::A(A(Ipv4Addr::from(n))),
            _ => RData::TXT(TXT::from_bytes(vec![&n.to_be_bytes()])),
        };
        let reply = records(question, (0..1000).map(|n| (name(&asked), data(n))));
        vec![as_it_fits(reply, wire)]
    })
    .await;
    let found = texts(&server.dns).await.unwrap().records().unwrap();
    assert_eq!(found.len(), 256);
    let Ok(Answer::Records(addresses, _)) = server.dns.addresses("alpha.test").await else { panic!() };
    assert_eq!(addresses.len(), 32);
}

#[tokio::test]
async fn a_long_text_of_the_largest_size_is_told_whole() {
    let server = NameServer::saying(|question, wire| {
        let strings = vec![[b'x'; 255].as_slice(); 200];
        let reply = records(question, [(name("alpha.test."), RData::TXT(TXT::from_bytes(strings)))]);
        vec![as_it_fits(reply, wire)]
    })
    .await;
    let found = texts(&server.dns).await.unwrap().records().unwrap();
    assert_eq!(found, vec![vec![b'x'; 255 * 200]]);
}

/// Makes a few octets in the place of a reply, the same ones in each run.
fn noise(question: &Message, round: u64) -> Vec<u8> {
    let mut octets = right(question).to_vec().unwrap();
    let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..=round % 7 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 33).unwrap() % octets.len();
        // The number of the question stays, or the resolver would not read the rest.
        octets[at.max(2)] = state.to_be_bytes()[1];
    }
    let length = octets.len() - usize::try_from(round % 5).unwrap() * usize::from(round.is_multiple_of(3));
    octets.truncate(length);
    octets
}

#[tokio::test(start_paused = true)]
async fn noise_for_an_answer_does_no_harm() {
    let round = std::sync::atomic::AtomicU64::new(0);
    let server = NameServer::saying(move |question, _| {
        vec![noise(question, round.fetch_add(1, std::sync::atomic::Ordering::Relaxed))]
    })
    .await;
    for n in 0..200 {
        let name = format!("n{n}.alpha.test");
        let begun = tokio::time::Instant::now();
        let _ = server.dns.txt(&name).await;
        assert!(begun.elapsed() <= Duration::from_secs(21), "{:?}", begun.elapsed());
    }
}
