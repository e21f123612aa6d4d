-- Mailboxes that cannot be read now, by their place in IMAP_URLS: an alarm, once it lasts.
CREATE TABLE mailbox_failures (
    nth    integer PRIMARY KEY,
    since  timestamptz NOT NULL DEFAULT lease_now()
);
