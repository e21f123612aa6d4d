-- Nobody looks for a report by its Message-ID (the digest recognises a mail), and its keys lie all over the index: a
-- page of it was read and written anew for every mail.
DROP INDEX report_contents_message;
