use super::*;

const MIB: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

fn peer(last: u8) -> Owner {
    Owner::at(IpAddr::from([192, 0, 2, last]))
}

/// Returns a share of this size, or fails within a second.
async fn holding(budget: &Budget, owner: Owner, octets: usize) -> Result<Share, NoMemory> {
    let mut share = budget.share_of(owner);
    share.grow_to(octets, Duration::from_secs(1)).await?;
    Ok(share)
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_memory_is_told_so() {
    let budget = Budget::new(8 * MIB);
    let (mut first, mut second) = (budget.share(), budget.share());
    first.grow_to(6 * MIB, PATIENCE).await.unwrap();
    first.grow_to(MIB, PATIENCE).await.unwrap();
    assert_eq!(second.grow_to(2 * MIB, PATIENCE).await, Err(NoMemory));
    drop(first);
    assert_eq!(second.grow_to(2 * MIB, PATIENCE).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_peer_has_a_quarter_or_one_letter_and_others_are_served_on() {
    let budget = Budget::new(64 * MIB);
    let mut whole = holding(&budget, peer(1), 10 * MIB).await.unwrap();
    whole.grow_to(40 * MIB, PATIENCE).await.unwrap();
    assert_eq!(holding(&budget, peer(1), MIB).await.err(), Some(NoMemory), "a second beside a large one");
    let _others = holding(&budget, peer(2), 10 * MIB).await.unwrap();
    whole.shrink_to(4 * MIB);
    let _second = holding(&budget, peer(1), 12 * MIB).await.unwrap();
    assert_eq!(holding(&budget, peer(1), MIB).await.err(), Some(NoMemory), "a quarter is reached");
    assert_eq!(Owner::at("2001:db8::1".parse().unwrap()), Owner::at("2001:db8::2".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_small_letter_is_served_before_a_large_one_and_at_once_where_large_ones_wait() {
    let budget = Budget::new(64 * MIB);
    let held = holding(&budget, peer(1), 50 * MIB).await.unwrap();
    let large = tokio::spawn({
        let budget = budget.clone();
        async move {
            let mut share = budget.share_of(peer(2));
            share.grow_to(50 * MIB, PATIENCE).await.map(|()| share)
        }
    });
    tokio::task::yield_now().await;
    assert!(!large.is_finished());
    let begun = tokio::time::Instant::now();
    let small: Vec<_> = futures_util::future::join_all((3..20).map(|n| holding(&budget, peer(n), 400 * 1024))).await;
    assert!(small.iter().all(Result::is_ok) && begun.elapsed() < Duration::from_millis(100));
    drop((held, small));
    assert!(large.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_wants_much_is_not_overtaken_by_others_who_want_less() {
    let budget = Budget::new(64 * MIB);
    let held = holding(&budget, peer(1), 30 * MIB).await.unwrap();
    let waiting = async {
        let mut share = budget.share_of(peer(2));
        share.grow_to(50 * MIB, PATIENCE).await
    };
    let later = async {
        tokio::task::yield_now().await;
        let overtaking = holding(&budget, peer(3), 10 * MIB).await;
        drop(held);
        overtaking
    };
    let (waited, later) = tokio::join!(waiting, later);
    assert_eq!((waited, later.err()), (Ok(()), Some(NoMemory)));
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_for_each_other_do_not_all_wait_for_ever() {
    let budget = Budget::new(8 * MIB);
    let grow = async || {
        let mut share = budget.share();
        let first = share.grow_to(3 * MIB, PATIENCE).await;
        tokio::task::yield_now().await;
        first.is_ok() && share.grow_to(6 * MIB, PATIENCE).await.is_ok()
    };
    let (one, other) = tokio::join!(grow(), async {
        // time passes: the clock is paused
        tokio::time::sleep(Duration::from_secs(1)).await;
        grow().await
    });
    assert!(one || other);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_while_waiting_leaves_nothing_behind() {
    let budget = Budget::new(8 * MIB);
    let held = holding(&budget, peer(1), 7 * MIB).await.unwrap();
    let mut share = budget.share();
    assert!(tokio::time::timeout(Duration::from_millis(1), share.grow_to(7 * MIB, PATIENCE)).await.is_err());
    drop(held);
    assert_eq!(holding(&budget, peer(2), 7 * MIB).await.map(drop), Ok(()));
}
