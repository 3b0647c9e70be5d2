//! Made-up checks and rules, and what becomes of letters through them.

use std::time::Duration;

use mail::check::{Arriving, Check, Conclusion, Look};
use mail::seam::{OurFault, Pending, ReverseName};
use mail::trace::Event;
use mail::{Finding, Findings, Resolution, Wishes};
use mda::{Case, Disposition, Keep, Memory, Rule, Written};

use super::*;

/// A check that is made of what its look does.
struct MadeUp<F>(F);

impl<F: Fn() -> Box<dyn Look> + Send + Sync> Check for MadeUp<F> {
    fn method(&self) -> &'static str {
        "made-up"
    }

    fn begin(&self, _: Arriving<'_>) -> Option<Box<dyn Look>> {
        Some((self.0)())
    }
}

/// Counts the octets it sees, and gives the finding that it is told to give.
struct Counting {
    seen: usize,
    total: Arc<Mutex<Vec<usize>>>,
    ends: fn() -> Pending<'static, Result<Conclusion, OurFault>>,
}

impl Look for Counting {
    fn octets(&mut self, piece: &[u8]) {
        self.seen += piece.len();
    }

    fn conclude<'a>(self: Box<Self>, _: &'a Findings, _: Duration) -> Pending<'a, Result<Conclusion, OurFault>> {
        self.total.lock().unwrap().push(self.seen);
        (self.ends)()
    }
}

/// A check that ends so, and how many octets it saw of each letter.
pub(super) fn check(
    ends: fn() -> Pending<'static, Result<Conclusion, OurFault>>,
) -> (Arc<dyn Check>, Arc<Mutex<Vec<usize>>>) {
    let total = Arc::<Mutex<Vec<usize>>>::default();
    let counted = total.clone();
    (Arc::new(MadeUp(move || Box::new(Counting { seen: 0, total: total.clone(), ends }) as Box<dyn Look>)), counted)
}

pub(super) fn finds() -> Pending<'static, Result<Conclusion, OurFault>> {
    Box::pin(async { Ok(Conclusion::Found(vec![Finding::new("made-up", "pass").about("policy.x", "y")])) })
}

pub(super) fn refuses() -> Pending<'static, Result<Conclusion, OurFault>> {
    Box::pin(async { Ok(Conclusion::Refuse(Reply::new(550, (5, 7, 1), "not this letter"))) })
}

/// A rule that is made of a closure, which decides.
struct ByClosure<F>(F);

impl<F> Rule for ByClosure<F>
where
    F: Fn(Case<'_>, Disposition) -> Result<Disposition, OurFault> + Send + Sync,
{
    fn name(&self) -> &'static str {
        "made-up"
    }

    fn decide<'a>(&'a self, case: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>> {
        let decided = (self.0)(case, so_far);
        Box::pin(async { decided })
    }
}

pub(super) fn rule<F>(decide: F) -> Arc<dyn Rule>
where
    F: Fn(Case<'_>, Disposition) -> Result<Disposition, OurFault> + Send + Sync + 'static,
{
    Arc::new(ByClosure(decide))
}

/// Refuses every letter for this account.
pub(super) fn refusing(account: i64) -> Arc<dyn Rule> {
    rule(move |case, so_far| {
        let refusal = Reply::new(550, (5, 7, 1), "Alice does not want it");
        let concerned = case.recipient.account == AccountId(account);
        Ok(if concerned { Disposition::refuse(refusal, "on her list") } else { so_far })
    })
}

impl Town {
    pub(super) async fn ruled(rules: Vec<Arc<dyn Rule>>) -> Self {
        let town = Self::new().await;
        Self { intake: town.intake.clone().with_rules(rules), ..town }
    }

    pub(super) async fn checked(checks: Vec<Arc<dyn Check>>) -> Self {
        let town = Self::new().await;
        Self { intake: town.intake.clone().with_checks(checks), ..town }
    }

    /// Returns the decisions that the history of the made-up letter tells, each with its recipient.
    async fn told(&self) -> Vec<String> {
        let what = ::trace::What::Letter(LetterId::from_random([3; 10]));
        let look = move |view: &View| ::trace::find(view, ::trace::Scope::Everyone, &what, ::trace::Page::default());
        let found = self.intake.store.read(look).await.unwrap();
        let one = |event: &Event| match event {
            Event::Judged { recipient, by, decision, reason } => Some(format!("{recipient}|{by}|{decision}|{reason}")),
            _ => None,
        };
        found.letters.iter().flat_map(|history| &history.steps).filter_map(|step| one(&step.event)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_sees_every_octet_once_however_many_get_the_letter_and_its_findings_stay_with_each() {
    let (made_up, seen) = check(finds);
    let town = Town::checked(vec![made_up]).await;
    let letter = letter(format!("Subject: x\r\n\r\n{}\r\n", "y".repeat(300_000)));
    let to = ["alice@alpha.test", "alice+more@alpha.test", "team@alpha.test"];
    assert_eq!(town.accept(&letter, "eve@evil.test", &to, peer()).await, Verdict::Accept);
    assert_eq!(*seen.lock().unwrap(), [letter.raw.len()], "also where a mailbox is full and all is tried once more");
    let filed = town.folder(1, "INBOX").await;
    assert!(filed[0].contains("\r\nAuthentication-Results: mail.alpha.test;\r\n\tmade-up=pass\r\n\t  policy.x=y\r\n"));
    assert_eq!(town.told().await, ["|made-up|pass|policy.x=y"]);
}

/// Keeps what it is told of each letter that comes in.
#[derive(Default)]
struct Attentive(Mutex<Vec<(Origin, Envelope)>>);

impl Check for Attentive {
    fn method(&self) -> &'static str {
        "attentive"
    }

    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>> {
        self.0.lock().unwrap().push((arriving.origin.clone(), arriving.envelope.clone()));
        None
    }
}

#[tokio::test]
async fn a_check_is_told_of_the_peer_and_where_each_recipient_leads() {
    let attentive = Arc::<Attentive>::default();
    let town = Town::checked(vec![attentive.clone()]).await;
    let to = ["alice+lists@alpha.test", "team@alpha.test", "ghost@alpha.test", "victim@elsewhere.test"];
    assert_eq!(town.accept(&hello(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    let seen = attentive.0.lock().unwrap();
    let (origin, envelope) = &seen[0];
    let wire = origin.wire().unwrap();
    assert_eq!((wire.ip.to_string(), wire.hello.as_str(), wire.extended), ("192.0.2.1".into(), "client.test", true));
    assert_eq!((wire.tls.as_str(), &wire.reverse, origin.is_verified()), ("", &ReverseName::NotAsked, false));
    let leads = envelope.recipients.iter().map(|recipient| match recipient.leads.as_ref().unwrap() {
        Resolution::Ours(places) => format!("{} places", places.len()),
        Resolution::Unknown => "nobody".to_owned(),
        Resolution::Elsewhere => "elsewhere".to_owned(),
    });
    assert_eq!(leads.collect::<Vec<_>>(), ["1 places", "3 places", "nobody", "elsewhere"]);
    assert!(envelope.recipients.iter().all(|recipient| recipient.wishes == Wishes::default()));
}

#[tokio::test]
async fn a_check_refuses_for_everybody_or_for_nobody() {
    let town = Town::checked(vec![check(refuses).0]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert!(refusal(town.accept(&hello(), "eve@evil.test", &to, peer()).await).starts_with("550 5.7.1 not this"));
    assert_eq!(delivered(&town, &hello(), &to).await, [550, 550]);
    assert_eq!((town.letters(1).await, town.letters(2).await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_be_done_refuses_nothing_and_that_is_told() {
    let away: fn() -> Pending<'static, Result<Conclusion, OurFault>> =
        || Box::pin(async { Err(OurFault("the name servers are away".into())) });
    let panics: fn() -> Pending<'static, Result<Conclusion, OurFault>> = || panic!("a fault of the check");
    let hangs: fn() -> Pending<'static, Result<Conclusion, OurFault>> = || Box::pin(std::future::pending());
    for (ends, code) in [(away, "check-failed"), (panics, "check-failed"), (hangs, "check-late")] {
        let town = Town::checked(vec![check(ends).0, check(finds).0]).await;
        assert_eq!(town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
        assert_eq!(town.letters(1).await, 1);
        let told = [format!("|made-up|temperror|{code}"), "|made-up|pass|policy.x=y".to_owned()];
        let mut heard = town.told().await;
        // In a test the time passes while the rule of forwards reads its table, and it may be too late, which is noted.
        heard.retain(|one| one.starts_with('|'));
        assert_eq!(heard, told, "the other check is heard");
    }
}

#[tokio::test]
async fn a_rule_is_asked_once_for_each_recipient_whoever_is_full() {
    let asked = Arc::<Mutex<Vec<i64>>>::default();
    let counted = asked.clone();
    let counting = rule(move |case, so_far| {
        counted.lock().unwrap().push(case.recipient.account.0);
        Ok(so_far)
    });
    let town = Town::ruled(vec![counting]).await;
    assert_eq!(town.accept(&large(), "eve@evil.test", &["team@alpha.test"], peer()).await, Verdict::Accept);
    assert_eq!(*asked.lock().unwrap(), [1, 2], "Bob has no room, and so there were two rounds");
}

#[tokio::test]
async fn a_refusal_is_said_on_the_wire_where_nobody_else_gets_the_letter() {
    let town = Town::ruled(vec![refusing(1)]).await;
    let refused = town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await;
    assert_eq!(refusal(refused), "550 5.7.1 Alice does not want it");
    assert_eq!(town.letters(1).await, 0);
}

#[tokio::test]
async fn a_refusal_that_cannot_be_said_any_more_is_junk_with_the_reason_and_writes_to_nobody() {
    let town = Town::ruled(vec![refusing(1)]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert_eq!(town.accept(&hello(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    let junk = town.folder(1, "Junk").await;
    assert!(junk[0].contains("\r\nFacteur-Refused: 550 5.7.1 Alice does not want it\r\n"), "{junk:?}");
    assert_eq!((town.folder(1, "INBOX").await.len(), town.letters(2).await), (0, 1));
    assert!(town.queue().await.is_empty(), "Eve may never have written this letter");
    let told = town.told().await;
    assert!(told.iter().any(|line| line.starts_with("alice@alpha.test|made-up|reject|on her list")), "{told:?}");
}

#[tokio::test]
async fn an_author_who_has_proved_who_they_are_is_told_of_a_refusal() {
    let town = Town::ruled(vec![refusing(1)]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert_eq!(town.accept(&hello(), "bob@alpha.test", &to, Origin::House).await, Verdict::Accept);
    assert_eq!((town.letters(1).await, town.letters(2).await), (0, 1));
    assert_eq!(town.waiting().await, ["bob@alpha.test"], "the report");
}

#[tokio::test]
async fn a_front_is_told_of_each_refusal_but_of_one_behind_an_alias_that_reached_others() {
    let town = Town::ruled(vec![refusing(1)]).await;
    assert_eq!(delivered(&town, &hello(), &["alice@alpha.test", "bob@alpha.test"]).await, [550, 250]);
    assert_eq!(town.letters(1).await, 0);
    assert_eq!(delivered(&town, &hello(), &["team@alpha.test"]).await, [250]);
    assert_eq!((town.folder(1, "Junk").await.len(), town.letters(2).await), (1, 2));
}

#[tokio::test]
async fn what_was_taken_long_ago_is_never_refused_to_who_may_not_have_written_it() {
    let town = Town::ruled(vec![refusing(1)]).await;
    assert_eq!(drop_off(&town, &hello(), &["alice@alpha.test"]).await, ["alice@alpha.test 250"]);
    assert_eq!(town.folder(1, "Junk").await.len(), 1);
    assert!(town.queue().await.is_empty());
}

#[tokio::test]
async fn a_rule_that_fails_for_one_puts_their_letter_off_and_the_others_get_theirs() {
    let fails = rule(|case, so_far| match case.recipient.account.0 {
        2 => Err(OurFault("his script cannot be read now".into())),
        _ => Ok(so_far),
    });
    let town = Town::ruled(vec![fails]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert_eq!(town.accept(&hello(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    assert_eq!((town.letters(1).await, town.letters(2).await), (1, 0));
    assert_eq!(town.waiting().await, ["bob@alpha.test"], "he is tried again");
    // A letter from the queue is filed as if there were no rule: it waits for no script for ever.
    assert_eq!(drop_off(&town, &hello(), &["bob@alpha.test"]).await, ["bob@alpha.test 250"]);
    assert_eq!(town.letters(2).await, 1);
}

/// Sends each letter on to Carol, and keeps a copy only where `keep` says so.
fn redirecting(keep: bool) -> Arc<dyn Rule> {
    rule(move |_, so_far| {
        let keep = if keep { so_far.keep.clone() } else { Keep::Copies(Vec::new()) };
        Ok(Disposition { keep, onward: vec![address("carol@elsewhere.test")], ..so_far })
    })
}

#[tokio::test]
async fn a_letter_goes_on_octet_for_octet_behind_one_field_in_the_commit_that_takes_it() {
    let town = Town::ruled(vec![redirecting(false)]).await;
    let before = town.commits();
    let odd = letter(&b"Subject: x\r\n\r\n\xe9\xff odd \x01 octets\r\n"[..]);
    assert_eq!(town.accept(&odd, "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    assert_eq!((town.commits() - before, town.letters(1).await), (1, 0));
    let queue = town.queue().await;
    let path = queue[0].return_path.to_string();
    assert!(path.starts_with("SRS0=") && path.ends_with("=evil.test=eve@alpha.test"), "{path}");
    assert_eq!(town.waiting().await, ["carol@elsewhere.test"]);
    assert_eq!(town.queued().await, [[b"Delivered-To: alice@alpha.test\r\n", &odd.raw[..]].concat()]);
}

#[tokio::test]
async fn a_letter_that_comes_back_from_where_it_was_sent_on_is_kept() {
    let town = Town::ruled(vec![redirecting(false)]).await;
    let back = letter("Delivered-To: alice@alpha.test\r\nSubject: x\r\n\r\nhello\r\n");
    assert_eq!(town.accept(&back, "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    assert_eq!((town.letters(1).await, town.queue().await.len()), (1, 0));
}

#[tokio::test]
async fn who_is_full_is_sent_nothing_onward_before_their_letter_is_filed() {
    let town = Town::ruled(vec![redirecting(true)]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert_eq!(town.accept(&large(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    let mut waiting = town.waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@alpha.test", "carol@elsewhere.test"], "Alice's goes on; Bob is tried again first");
}

#[tokio::test]
async fn two_letters_get_one_answer_and_a_commit_that_fails_leaves_none() {
    let until = net::now().after(Duration::from_secs(86400));
    let answers = rule(move |case, so_far| {
        let to = case.incoming.envelope.return_path.address().cloned().unwrap();
        let memory = Memory { rule: "away".to_owned(), key: to.to_string(), until };
        let raw = "From: alice@alpha.test\r\nSubject: away\r\n\r\nI am away.\r\n".into();
        Ok(Disposition { written: vec![Written { raw, to, once: Some(memory) }], ..so_far })
    });
    let town = Town::ruled(vec![answers]).await;
    let queue_drop = town.intake.queue_drop();
    let told = Told::default();
    let failed = queue_drop.drop_off(waiting(hello(), &["alice@alpha.test"]), telling(&told, 9));
    assert!(failed.await.is_err());
    assert_eq!((town.letters(1).await, town.queue().await.len()), (0, 0), "neither filed nor answered");
    for _ in 0..2 {
        assert_eq!(town.accept(&hello(), "dora@beta.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    }
    let queue = town.queue().await;
    assert_eq!((town.letters(1).await, queue.len()), (2, 1));
    assert_eq!(
        (queue[0].return_path.to_string(), town.waiting().await),
        (String::new(), vec!["dora@beta.test".to_owned()])
    );
}

#[tokio::test]
async fn what_a_person_wants_thrown_away_is_taken_and_kept_nowhere() {
    let town = Town::ruled(vec![rule(|_, _| Ok(Disposition::discard("her wish")))]).await;
    assert_eq!(town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    assert_eq!((town.letters(1).await, town.queue().await.len()), (0, 0));
    assert_eq!(town.told().await, ["alice@alpha.test|made-up|discard|her wish"]);
}
