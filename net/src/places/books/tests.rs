use std::time::Duration;

use super::*;

fn limits(total: usize, per_address: usize) -> Limits {
    Limits { total, per_address, ..Limits::default() }
}

fn at(ip: &str) -> Peer {
    Peer::Net((ip.parse::<IpAddr>().unwrap(), 1234).into())
}

/// Makes the books of a server with so many places and doors.
fn books(total: usize, doors: usize) -> Books {
    let mut books = Books::new(total);
    for _ in 0..doors {
        books.door();
    }
    books
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_total_come_in_and_a_place_comes_back() {
    let (mut books, limits) = (books(100, 1), limits(2, 10));
    let first = books.enter(0, &limits, at("192.0.2.1")).unwrap();
    let second = books.enter(0, &limits, at("192.0.2.2")).unwrap();
    assert!(books.enter(0, &limits, at("192.0.2.3")).is_none());
    books.leave(&first);
    let third = books.enter(0, &limits, at("192.0.2.3")).unwrap();
    [second, third].iter().for_each(|entered| books.leave(entered));
    assert!(books.remembers_nobody());
}

#[tokio::test(start_paused = true)]
async fn one_household_counts_as_one_address_and_one_customer_as_four() {
    let (mut books, limits) = (books(100, 1), limits(50, 1));
    assert!(books.enter(0, &limits, at("2001:db8:0:1::1")).is_some());
    assert!(books.enter(0, &limits, at("2001:db8:0:1:ffff::2")).is_none());
    for household in ["2001:db8::1", "2001:db8:0:2::1", "2001:db8:0:3::1"] {
        assert!(books.enter(0, &limits, at(household)).is_some());
    }
    assert!(books.enter(0, &limits, at("2001:db8:0:4::1")).is_none());
    assert!(books.enter(0, &limits, at("2001:db8:1::1")).is_some());
    assert!(books.enter(0, &limits, at("::ffff:192.0.2.1")).is_some());
    assert!(books.enter(0, &limits, at("192.0.2.1")).is_none());
}

#[tokio::test(start_paused = true)]
async fn this_machine_is_not_counted_per_address_and_a_unix_socket_never() {
    let mut books = books(3, 1);
    let counting = Limits { count_loopback: true, ..limits(3, 1) };
    assert_eq!((0..2).filter(|_| books.enter(0, &limits(3, 1), at("127.0.0.1")).is_some()).count(), 2);
    assert!(books.enter(0, &counting, Peer::Unix).is_some());
    assert!(books.enter(0, &counting, Peer::Unix).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_flood_at_one_door_takes_nothing_from_another() {
    let (mut books, limits) = (books(40, 2), limits(100, 100));
    let flood = (0..100).filter(|n| books.enter(0, &limits, at(&format!("192.0.2.{n}"))).is_some()).count();
    assert_eq!(flood, 30, "all but what the other door keeps");
    let others = (0..100).filter(|n| books.enter(1, &limits, at(&format!("198.51.100.{n}"))).is_some()).count();
    assert_eq!(others, 10);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_takes_the_place_of_a_silent_stranger_from_the_largest_crowd() {
    let (mut books, limits) = (books(10, 1), limits(10, 100));
    let crowd: Vec<_> = (0..7).map(|_| books.enter(0, &limits, at("192.0.2.1")).unwrap()).collect();
    let few: Vec<_> = (0..3).map(|_| books.enter(0, &limits, at("192.0.2.2")).unwrap()).collect();
    assert!(books.enter(0, &limits, at("192.0.2.3")).is_none(), "all are being served");
    for entered in crowd.iter().chain(&few) {
        entered.silence.begins();
    }
    assert!(books.enter(0, &limits, at("192.0.2.1")).is_none(), "the crowd has no claim");
    let newcomer = books.enter(0, &limits, at("192.0.2.3")).unwrap();
    assert_eq!(crowd.iter().filter(|entered| entered.silence.must_go()).count(), 1);
    assert!(!few.iter().any(|entered| entered.silence.must_go()));
    for entered in crowd.iter().chain(&few).chain([&newcomer]) {
        books.leave(entered);
    }
    assert!(books.remembers_nobody());
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_more_than_another_the_longest_silence_ends() {
    let (mut books, limits) = (books(3, 1), limits(10, 100));
    let silent: Vec<_> = (1..4).map(|n| books.enter(0, &limits, at(&format!("192.0.2.{n}"))).unwrap()).collect();
    for entered in &silent {
        entered.silence.begins();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(books.enter(0, &limits, at("192.0.2.9")).is_none(), "for a short silence nobody is sent away");
    tokio::time::advance(PATIENCE).await;
    assert!(books.enter(0, &limits, at("192.0.2.9")).is_some());
    assert!(silent[0].silence.must_go() && !silent[1].silence.must_go());
}

#[tokio::test(start_paused = true)]
async fn who_has_logged_in_stays() {
    let (mut books, limits) = (books(2, 1), limits(10, 100));
    for n in 1..3 {
        let entered = books.enter(0, &limits, at(&format!("192.0.2.{n}"))).unwrap();
        entered.silence.begins();
        books.know(&entered);
    }
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(books.enter(0, &limits, at("192.0.2.9")).is_none());
}

#[tokio::test(start_paused = true)]
async fn who_logs_in_while_being_sent_away_stays_and_is_counted() {
    let (mut books, limits) = (books(1, 1), limits(10, 100));
    let entered = books.enter(0, &limits, at("192.0.2.1")).unwrap();
    entered.silence.begins();
    tokio::time::advance(PATIENCE).await;
    let newcomer = books.enter(0, &limits, at("192.0.2.2")).unwrap();
    books.know(&entered);
    assert!(!entered.silence.must_go());
    assert_eq!((books.inside, books.leaving), (2, 0));
    books.leave(&newcomer);
    books.leave(&entered);
    assert!(books.remembers_nobody());
}
