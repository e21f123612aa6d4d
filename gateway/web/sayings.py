"""Sentences of the pages that stand in code; `N_` marks them for the catalogues, the templates translate them."""

from __future__ import annotations

from gateway.languages import N_

WRONG_LOGIN = N_("The address, the password or the code is not right. Try again.")
SAY_SOMETHING = N_("Choose what is wrong, or tell us in a few words.")
SAY_MORE = N_("Write something, or choose a photo.")
NO_NUMBER = N_("This is not a telephone number that we can text.")
WANTS_NEWS = N_("Wants to know when it works again.")
SEND_AGAIN = N_("Please send it once more. Nothing you wrote is lost.")

PHOTO_FAULTS = {
    "too_large": N_("A photo was too large and is missing. Everything else is kept."),
    "too_many": N_("There were too many photos; the last ones are missing. Everything else is kept."),
    "too_much": N_("There were too many photos; the last ones are missing. Everything else is kept."),
    "empty": N_("A photo was empty and is missing. Everything else is kept."),
    "broken_off": N_("The photo did not get through. Everything else is kept."),
    "no_picture": N_("A file was not a photo and is missing. Everything else is kept."),
}
