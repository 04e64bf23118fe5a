from __future__ import annotations

from ingest.models import Reason, Status

ADVICE = {
    Reason.RETRY: "It is tried again by itself.",
    Reason.NO_KEY: "Set the account's key; its leads then go out by themselves.",
    Reason.ACCOUNT_PAUSED: "Mend the account in AiSensy (key, credits, plan); a probe finds out by itself.",
    Reason.QUIET_HOURS: "It goes out when the quiet hours end.",
    Reason.LEAD_UNAVAILABLE: "Meta does not give the lead: check the access token and its permissions.",
    Reason.NO_ROUTE: "No route of the mapping holds for it: add one, and it goes out by itself.",
    Reason.MISSING_VALUE: "A field that AiSensy needs is absent: give it a `default` in the mapping.",
    Reason.PHONE_INVALID: "There is no number that can be called: the lead's phone, or the country, is wrong.",
    Reason.PHONE_AMBIGUOUS: "There are two different numbers in the field: choose one in the mapping.",
    Reason.EXPRESSION_FAILED: "Mend the expression in the mapping; it then goes out by itself.",
    Reason.REQUEST_INVALID: "Mend the request in the mapping; it then goes out by itself.",
    Reason.MAPPING_BROKEN: "Mend the mapping (`ingest check` tells where); it then goes out by itself.",
    Reason.CAMPAIGN_REJECTED: "Compare the mapping's campaign, parameters and media with AiSensy's; mend and save it.",
    Reason.AMBIGUOUS: "Nobody knows whether AiSensy sent it: look there before you send it again.",
    Reason.SUSPECTED_SPAM: "It looks like spam; a person can release it.",
    Reason.TOO_OLD: "It is older than the mapping's max_age.",
    Reason.LEAD_GONE: "Meta says that the lead is gone, or hides it: check the token's access to it.",
    Reason.NUMBER_REJECTED: "AiSensy refuses the number for good.",
    Reason.RETRIES_EXHAUSTED: "AiSensy could not be reached for a day.",
    Reason.TEST_LEAD: "Meta's test leads are never sent.",
    Reason.NO_CONSENT: "The person did not consent.",
    Reason.OPTED_OUT: "The person asked for no messages.",
    Reason.DUPLICATE: "The same message was sent a short while ago.",
    Reason.CAP_REACHED: "The person has had enough messages.",
    Reason.DISCARDED: "A person discarded it.",
}
"""What to do about each reason, in plain words."""

UNDER_WAY = {
    Status.PENDING: "A worker takes it up as soon as one is free.",
    Status.WAITING: "It goes out by itself.",
    Status.SENDING: "It is on its way to AiSensy.",
    Status.SENT: "AiSensy took it.",
}
"""What there is to say of deliveries without a reason."""
