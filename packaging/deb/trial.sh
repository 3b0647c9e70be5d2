#!/bin/bash
# `cargo xtask deb-trial` runs this inside a Debian of its own, with its own systemd, network and disk: from the first
# installation to the last. /facteur.deb is the package. The first line that fails ends it.
set -Eeuo pipefail
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND" >&2; journalctl --no-pager -u facteur.service -n 30 >&2 || true' ERR
export DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 HOME=/root PAGER=cat MANPAGER=cat
PASSWORD='correct horse battery'
DATA=/var/lib/facteur

tell() { printf '\n== %s\n' "$*"; }

# Tries for a minute at most, since the first start makes a database and a certificate.
until_it_is_so() {
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.2
    done
    echo "never came true: $*" >&2
    return 1
}

fails() {
    if "$@" >/dev/null 2>&1; then
        echo "did not fail: $*" >&2
        return 1
    fi
}

# says PATTERN COMMAND…: the command succeeds, and a line of what it says is like that.
says() {
    local pattern=$1 said
    shift
    if ! said=$("$@" 2>&1) || ! grep -Eq -- "$pattern" <<<"$said"; then
        printf '%s does not say %s, but:\n%s\n' "$*" "$pattern" "$said" >&2
        return 1
    fi
}

answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

doors_are_open() {
    local port
    for port in 25 80 143 443 465 587 993 995; do until_it_is_so answers 127.0.0.1 "$port"; done
    until_it_is_so answers ::1 25
}

doors_are_shut() { ! answers 127.0.0.1 25 && ! answers 127.0.0.1 993; }

nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/tmp "$@"; }

main_process() { systemctl show --value --property MainPID facteur.service; }

# The letter that is sent in the beginning, as a mail client reads it.
alice_reads_her_letter() {
    says 'kept for good' \
        curl --silent --show-error --insecure --user "alice@alpha.test:$PASSWORD" 'imaps://127.0.0.1/INBOX;UID=1'
}

# Everything that might be a letter: what is in the folder, but for the socket and the log of who is here.
letters() { facteur account list --json | tr -d ' \n'; }

what_is_installed() {
    dpkg -i /facteur.deb
    test "$(dpkg-query -W -f '${Status}' facteur)" = 'install ok installed'
    test "$(getent passwd facteur | cut -d: -f6,7)" = "$DATA:/usr/sbin/nologin"
    test "$(stat -c %U:%G:%a $DATA)" = facteur:facteur:700
    test "$(stat -c %U:%G:%a /etc/facteur/facteur.toml)" = root:root:644
    # Every line of the example is a comment, but for the names of its tables.
    fails grep -q '^[^#[]' /etc/facteur/facteur.toml
    systemctl is-enabled facteur.service
    until_it_is_so systemctl is-active facteur.service
    doors_are_open
}

the_service_may_do_little() {
    systemd-analyze verify /usr/lib/systemd/system/facteur.service
    systemd-analyze security --no-pager --threshold=25 facteur.service | tail -1
    local status
    status=/proc/$(main_process)/status
    grep -Eq "^Uid:\s+$(id -u facteur)\s" "$status"
    grep -Eq '^NoNewPrivs:\s+1' "$status"
    grep -Eq '^Seccomp:\s+2' "$status"
    # CAP_NET_BIND_SERVICE, and nothing else.
    grep -Eq '^CapEff:\s+0000000000000400$' "$status"
    fails journalctl -u facteur.service --grep 'unknown|panicked|not permitted'
    # The journal writes the time of each line, and Facteur does not write it again.
    says '^ INFO smtp is open on' journalctl --output=cat -u facteur.service
}

a_post_office_is_used() {
    # The service sees which networks it stands in: it fetches nothing from them, and names its address.
    ip address add 203.0.113.5/32 dev lo
    says 'A 203.0.113.5' facteur domain add alpha.test
    printf '%s\n' "$PASSWORD" | facteur account add alice@alpha.test --password-stdin
    test "$(stat -c %U:%a $DATA/facteur.db)" = facteur:600
    printf 'Subject: first\n\nThis is kept for good.\n' | facteur send -f alice@alpha.test alice@alpha.test
    until_it_is_so alice_reads_her_letter
    curl --silent --show-error --insecure --fail --output /dev/null https://127.0.0.1/
    curl --silent --show-error --insecure --fail --output /dev/null --user "alice@alpha.test:$PASSWORD" \
        https://127.0.0.1/jmap/session
    # Anybody here may send, and only the administrator sees who is here.
    printf 'Subject: cron\n\nAll went well.\n' | nobody facteur send -f nobody@alpha.test alice@alpha.test
    fails nobody facteur account list
    fails nobody cat $DATA/facteur.db
    # The service sees neither /root nor this /tmp: the command reads and writes for it.
    printf 'From eve Mon Nov 30 10:00:00 2026\nFrom: eve@elsewhere.test\nSubject: old\n\nOf long ago.\n' > /root/old.mbox
    cp /root/old.mbox /tmp/old.mbox
    facteur import alice@alpha.test /root/old.mbox
    facteur import --again alice@alpha.test /tmp/old.mbox
    facteur export alice@alpha.test /root/out
    grep -rq 'Of long ago' /root/out
    facteur verify
    facteur queue list
    systemctl reload facteur.service
    until_it_is_so alice_reads_her_letter
}

the_manual_is_open() {
    local page language
    for page in $(dpkg -L facteur | grep '/man/.*\.gz$'); do
        test -z "$(man --warnings --encoding=UTF-8 --local-file "$page" 2>&1 >/dev/null)"
    done
    for language in C.UTF-8 fr_FR.UTF-8; do
        says 'facteur' man --locale="$language" facteur
        says 'hostname' man --locale="$language" 5 facteur.toml
    done
    says '^NOM' man --locale=fr_FR.UTF-8 facteur
    says '^Usage' facteur help account add
    says '^Utilisation' env LANG=fr_FR.UTF-8 facteur help account add
}

words_are_completed() {
    cat > /tmp/complete.bash <<'SCRIPT'
. /usr/share/bash-completion/bash_completion
_completion_loader facteur
COMP_WORDS=(facteur acc); COMP_CWORD=1; COMP_LINE='facteur acc'; COMP_POINT=11
complete -p facteur | grep -q -- '-F _facteur'
_facteur facteur acc facteur
printf '%s\n' "${COMPREPLY[@]}"
SCRIPT
    says '^account$' bash /tmp/complete.bash
    says '^account' fish --command 'complete --do-complete "facteur acc"'
    # It is found by its name alone, and loads.
    says '^_facteur$' \
        zsh -fc 'autoload -Uz compinit && compinit -u -D && print -r -- $_comps[facteur] && autoload -Uz +X _facteur'
}

# The same package under a later number, as the next version would come.
a_later_package() {
    rm -rf /tmp/later
    dpkg-deb --raw-extract /facteur.deb /tmp/later
    sed -i "s/^Version: .*/Version: $1/" /tmp/later/DEBIAN/control
    dpkg-deb --root-owner-group -Znone --build /tmp/later "/tmp/facteur_$1.deb" >/dev/null
}

an_upgrade_keeps_everything() {
    echo '# changed here' >> /etc/facteur/facteur.toml
    local before letters
    before=$(main_process) letters=$(letters)
    a_later_package 99.1
    dpkg --force-confdef --force-confold -i /tmp/facteur_99.1.deb
    grep -q 'changed here' /etc/facteur/facteur.toml
    until_it_is_so systemctl is-active facteur.service
    test "$(main_process)" != "$before"
    doors_are_open
    alice_reads_her_letter
    test "$(letters)" = "$letters"
}

what_the_administrator_switched_off_stays_off() {
    systemctl disable --now facteur.service
    a_later_package 99.2
    dpkg --force-confold -i /tmp/facteur_99.2.deb
    fails systemctl is-enabled facteur.service
    fails systemctl is-active facteur.service
    # Commands work without a service, too.
    says alice@alpha.test facteur account list
    systemctl enable --now facteur.service
    doors_are_open
}

another_mail_server_does_not_keep_the_package_out() {
    systemctl stop facteur.service
    systemd-socket-activate --listen=25 /bin/true 2>/dev/null &
    local other=$!
    until_it_is_so sh -c 'grep -q ":0019 " /proc/net/tcp /proc/net/tcp6'
    systemctl start facteur.service || true
    a_later_package 99.3
    dpkg --force-confold -i /tmp/facteur_99.3.deb
    test "$(dpkg-query -W -f '${Status}' facteur)" = 'install ok installed'
    until_it_is_so journalctl -u facteur.service --grep 'port 25 .*already taken'
    kill "$other"
    systemctl restart facteur.service
    doors_are_open
    alice_reads_her_letter
}

removing_keeps_letters_and_settings() {
    dpkg --remove facteur
    until_it_is_so doors_are_shut
    fails test -e /usr/bin/facteur
    grep -q 'changed here' /etc/facteur/facteur.toml
    test -s $DATA/facteur.db
    find $DATA -type f ! -name '*-shm' | sort > /tmp/kept
}

purging_keeps_letters() {
    dpkg --purge facteur 2>&1 | tee /tmp/purged
    grep -q "the letters stay in $DATA" /tmp/purged
    fails test -e /etc/facteur/facteur.toml
    find $DATA -type f ! -name '*-shm' | sort | diff /tmp/kept -
    test "$(stat -c %U:%a $DATA/facteur.db)" = facteur:600
    fails systemctl cat facteur.service
    test -z "$(find /etc/systemd /var/lib/systemd/deb-systemd-helper-* -name '*facteur*')"
}

coming_back_finds_the_letters() {
    dpkg -i /facteur.deb
    doors_are_open
    alice_reads_her_letter
    facteur verify
}

# The folder may be on another disk, by a link: an administrator does that.
the_folder_may_be_a_link() {
    systemctl stop facteur.service
    mv $DATA /srv/mail
    ln -s /srv/mail $DATA
    a_later_package 99.4
    dpkg -i /tmp/facteur_99.4.deb
    test -L $DATA
    systemctl restart facteur.service
    doors_are_open
    alice_reads_her_letter
    dpkg --purge facteur
    test -L $DATA -a -s /srv/mail/facteur.db
}

for chapter in \
    what_is_installed the_service_may_do_little a_post_office_is_used the_manual_is_open words_are_completed \
    an_upgrade_keeps_everything what_the_administrator_switched_off_stays_off \
    another_mail_server_does_not_keep_the_package_out removing_keeps_letters_and_settings purging_keeps_letters \
    coming_back_finds_the_letters the_folder_may_be_a_link
do
    tell "${chapter//_/ }"
    "$chapter"
done
tell 'all of it went well'
