//! Lines, pieces, limits and timeouts of a conversation.

use std::time::Duration;

use facteur_net::{Connection, Error, Stream};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Returns our end and the bare other end.
async fn pair() -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (Connection::new(Stream::plain(accepted.unwrap().0).unwrap()), peer.unwrap())
}

#[tokio::test]
async fn lines_come_one_by_one_with_their_ends_as_they_are() {
    let (mut us, mut peer) = pair().await;
    peer.write_all(b"EHLO a\r\nNOOP\nQU").await.unwrap();
    assert_eq!(us.line(512).await.unwrap(), "EHLO a\r\n");
    assert_eq!(us.line(512).await.unwrap(), "NOOP\n");
    peer.write_all(b"IT\r\n").await.unwrap();
    assert_eq!(us.line(512).await.unwrap(), "QUIT\r\n");
    drop(peer);
    assert!(matches!(us.line(512).await, Err(Error::Closed)));
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over_and_the_next_is_read() {
    let (mut us, mut peer) = pair().await;
    let sender = tokio::spawn(async move {
        peer.write_all(&vec![b'x'; 200_000]).await.unwrap();
        peer.write_all(b"\r\nNOOP\r\n123456789\r\nRSET\r\n").await.unwrap();
        peer
    });
    assert!(matches!(us.line(10).await, Err(Error::LineTooLong(10))));
    assert_eq!(us.line(10).await.unwrap(), "NOOP\r\n");
    assert!(matches!(us.line(10).await, Err(Error::LineTooLong(10))));
    assert_eq!(us.line(10).await.unwrap(), "RSET\r\n");
    sender.await.unwrap();
}

#[tokio::test]
async fn a_line_without_any_end_is_a_flood() {
    let (mut us, mut peer) = pair().await;
    tokio::spawn(async move { while peer.write_all(&[b'x'; 65536]).await.is_ok() {} });
    assert!(matches!(us.line(512).await, Err(Error::Flood)));
    assert!(us.buffered().len() <= 512);
}

#[tokio::test]
async fn pieces_come_as_they_arrive_and_never_larger_than_asked() {
    let (mut us, mut peer) = pair().await;
    peer.write_all(b"0123456789").await.unwrap();
    assert_eq!(us.piece(4).await.unwrap(), "0123");
    assert_eq!(us.piece(100).await.unwrap(), "456789");
}

#[tokio::test]
async fn answers_to_pipelined_commands_travel_together() {
    let (mut us, mut peer) = pair().await;
    peer.write_all(b"one\r\ntwo\r\n").await.unwrap();
    for _ in 0..2 {
        us.line(512).await.unwrap();
        us.write(b"250 ok\r\n").await.unwrap();
    }
    // Nothing was sent yet: there was always something to read.
    assert!(tokio::time::timeout(Duration::from_millis(20), peer.readable()).await.is_err());
    let waiting = tokio::spawn(async move { us.line(512).await });
    let mut answers = [0; 16];
    peer.read_exact(&mut answers).await.unwrap();
    assert_eq!(&answers, b"250 ok\r\n250 ok\r\n");
    waiting.abort();
}

#[tokio::test]
async fn large_output_goes_out_whole_and_in_order() {
    let (mut us, mut peer) = pair().await;
    let large: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
    let expected = [b"* 1 FETCH {3000000}\r\n".as_slice(), &large, b")\r\n"].concat();
    let sender = tokio::spawn(async move {
        us.write(b"* 1 FETCH {3000000}\r\n").await.unwrap();
        us.write(&large).await.unwrap();
        us.write(b")\r\n").await.unwrap();
        us.close().await;
    });
    let mut got = Vec::new();
    peer.read_to_end(&mut got).await.unwrap();
    assert!(got == expected);
    sender.await.unwrap();
}

#[tokio::test]
async fn a_silent_peer_times_out() {
    let (mut us, _peer) = pair().await;
    us.set_read_timeout(Duration::from_millis(30));
    assert!(matches!(us.line(512).await, Err(Error::TimedOut)));
    assert!(matches!(us.fill().await, Err(Error::TimedOut)));
}

#[tokio::test]
async fn a_line_that_drips_in_times_out_too() {
    let (mut us, mut peer) = pair().await;
    us.set_read_timeout(Duration::from_millis(100));
    let dripping = tokio::spawn(async move {
        loop {
            peer.write_all(b"x").await.unwrap();
            // time passes: the peer is slow
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(matches!(us.line(5120).await, Err(Error::TimedOut)));
    dripping.abort();
}

#[tokio::test]
async fn a_peer_that_takes_nothing_times_out() {
    let (mut us, _peer) = pair().await;
    us.set_write_timeout(Duration::from_millis(50));
    let much = vec![0; 1024 * 1024];
    let mut sent = Ok(());
    for _ in 0..64 {
        sent = us.write(&much).await;
        if sent.is_err() {
            break;
        }
    }
    assert!(matches!(sent, Err(Error::TimedOut)));
}

#[tokio::test]
async fn a_wait_can_be_cut_short_and_loses_nothing() {
    let (mut us, mut peer) = pair().await;
    peer.write_all(b"DO").await.unwrap();
    for _ in 0..3 {
        let cut = tokio::time::timeout(Duration::from_millis(5), us.line(512)).await;
        assert!(cut.is_err());
    }
    peer.write_all(b"NE\r\n").await.unwrap();
    us.heard().await.unwrap();
    assert_eq!(us.line(512).await.unwrap(), "DONE\r\n");
}

/// Generates the lines of a peer: all kinds of lines, some of them too long.
fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let content = proptest::collection::vec(any::<u8>().prop_filter("no line end", |&b| b != b'\n'), 0..40);
    proptest::collection::vec(content.prop_map(|content| [content, b"\n".to_vec()].concat()), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn however_the_octets_are_cut_the_lines_are_the_same(lines in lines(), cuts in proptest::collection::vec(1..50usize, 1..20)) {
        const MOST: usize = 24;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut us, mut peer) = pair().await;
            let all = lines.concat();
            let sender = tokio::spawn(async move {
                let (mut rest, mut cuts) = (&all[..], cuts.into_iter().cycle());
                while !rest.is_empty() {
                    let (now, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                    peer.write_all(now).await.unwrap();
                    rest = later;
                    tokio::task::yield_now().await;
                }
            });
            for line in &lines {
                match us.line(MOST).await {
                    Ok(read) => assert_eq!(read, line),
                    Err(Error::LineTooLong(MOST)) => assert!(line.len() > MOST),
                    Err(other) => panic!("{other}"),
                }
            }
            assert!(matches!(us.line(MOST).await, Err(Error::Closed)));
            sender.await.unwrap();
        });
    }
}
