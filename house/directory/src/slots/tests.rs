use super::*;

const NOW: Moment = Moment(Duration::from_secs(1000));

fn place(text: &str) -> PeerNetwork {
    PeerNetwork::of(text.parse().unwrap())
}

fn one_slot(waiting: usize, shares: [usize; 4]) -> Queue {
    Queue::new(Room { slots: 1, waiting, shares, patience: Duration::from_secs(3600) })
}

/// Somebody who waits, unless there is no room.
fn waits(queue: &Queue, from: &str) -> oneshot::Receiver<Turn> {
    queue.ask(place(from), NOW).err().expect("the slot is taken")
}

fn is_sent_away(waiter: &mut oneshot::Receiver<Turn>) -> bool {
    matches!(waiter.try_recv(), Err(oneshot::error::TryRecvError::Closed))
}

/// Returns the order in which those who wait are served.
fn served(first: Turn, mut waiting: Vec<oneshot::Receiver<Turn>>) -> Vec<usize> {
    let (mut order, mut turn) = (Vec::new(), Some(first));
    while let Some(done) = turn.take() {
        drop(done);
        for (n, waiter) in waiting.iter_mut().enumerate() {
            if let Ok(next) = waiter.try_recv() {
                order.push(n);
                turn = Some(next);
            }
        }
    }
    order
}

#[test]
fn networks_take_turns_whoever_of_them_came_first() {
    let queue = one_slot(64, [64; 4]);
    let busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
    let from = ["2001:db8:1::1", "2001:db8:1::1", "2001:db8:1::1", "2001:db9::1", "2001:db9::1"];
    let waiting = from.iter().map(|from| waits(&queue, from)).collect();
    assert_eq!(served(busy, waiting), [3, 0, 4, 1, 2]);
}

#[test]
fn in_a_network_full_of_strangers_the_household_that_asks_first_need_not_wait_for_those_that_ask_again() {
    let queue = one_slot(64, [64; 4]);
    let busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
    let mut waiting: Vec<_> = (0..40).map(|n| waits(&queue, &format!("2001:db8:{:x}::1", n % 10))).collect();
    waiting.push(waits(&queue, "2001:db8:ffff::1"));
    assert_eq!(served(busy, waiting)[0], 40);
}

#[test]
fn where_there_is_no_room_whoever_asked_most_goes_and_not_who_comes_last() {
    let queue = one_slot(4, [4; 4]);
    let _busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
    let mut crowd: Vec<_> = (0..4).map(|n| waits(&queue, &format!("2001:db8:1:{n}::1"))).collect();
    let mut again = waits(&queue, "2001:db8:1:1::1");
    assert!(is_sent_away(&mut again), "it asks for the second time");
    let mut alice = waits(&queue, "2001:db9::1");
    assert!(!is_sent_away(&mut alice));
    assert_eq!(crowd.iter_mut().filter_map(|waiter| is_sent_away(waiter).then_some(())).count(), 1);
}

#[test]
fn each_network_has_a_share_of_the_room_to_wait_in() {
    let shares = |of: &dyn Fn(u32) -> String| {
        let queue = one_slot(64, [48, 32, 24, 16]);
        let _busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
        let mut crowd: Vec<_> = (0..600).map(|n| waits(&queue, &of(n))).collect();
        crowd.iter_mut().map(|waiter| !is_sent_away(waiter)).filter(|waits| *waits).count()
    };
    assert_eq!(shares(&|n| format!("2001:db8:1:1::{n:x}")), 16, "a household");
    assert_eq!(shares(&|n| format!("2001:db8:1:{:x}::1", n % 256)), 24, "a /56");
    assert_eq!(shares(&|n| format!("2001:db8:1:{n:x}::1")), 32, "a /48");
    assert_eq!(shares(&|n| format!("2001:db8:{n:x}::1")), 48, "a provider");
    assert_eq!(shares(&|n| format!("2001:{:x}::1", 0x1000 + n)), 64, "all");
}

#[test]
fn who_has_asked_long_ago_or_with_the_right_password_is_a_newcomer_again() {
    let queue = one_slot(64, [64; 4]);
    let busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
    for _ in 0..3 {
        drop(waits(&queue, "2001:db8::1"));
        queue.forgive(place("2001:db8::1"));
        drop(waits(&queue, "2001:db9::1"));
    }
    let waiting = vec![waits(&queue, "2001:db8::1"), waits(&queue, "2001:db9::1")];
    assert_eq!(served(busy, waiting), [0, 1]);
    let busy = queue.ask(place("192.0.2.1"), NOW.after(Duration::from_secs(60))).ok().expect("free");
    let late = |from| queue.ask(place(from), NOW.after(Duration::from_secs(60))).err().expect("taken");
    assert_eq!(served(busy, vec![late("2001:db8::1"), late("2001:db9::1")]), [1, 0]);
}

#[test]
fn who_goes_while_waiting_or_just_after_being_called_holds_nothing() {
    let queue = one_slot(64, [64; 4]);
    let busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
    let (gone, called, last) =
        (waits(&queue, "2001:db8::1"), waits(&queue, "2001:db9::1"), waits(&queue, "2001:db9::1"));
    drop(gone);
    drop(busy);
    drop(called);
    drop(last);
    assert!(queue.ask(place("192.0.2.1"), NOW).is_ok(), "the slot is free again");
    assert!(queue.lock().waiting.is_empty());
}

#[test]
fn a_workspace_is_used_again_while_somebody_waits_and_given_back_then() {
    let queue = one_slot(64, [64; 4]);
    let mut busy = queue.ask(place("192.0.2.1"), NOW).ok().expect("free");
    busy.workspace();
    let mut next = waits(&queue, "2001:db8::1");
    drop(busy);
    let turn = next.try_recv().expect("called");
    assert!(turn.workspace.is_some());
    drop(turn);
    assert!(queue.ask(place("192.0.2.1"), NOW).ok().expect("free").workspace.is_none());
}

#[test]
fn strangers_never_have_all_slots() {
    for processors in 1..100 {
        let slots = Slots::new(processors);
        assert!((1..=2).contains(&slots.strangers.room.slots), "their memory is bounded too");
        assert!(slots.familiar.room.slots >= slots.strangers.room.slots);
    }
}
