use evidence::{Checkpoint, Details, EnrolledBy, Verdict};

use crate::terminal::moment;

/// Who vouches for evidence that holds together.
pub(crate) enum Standing<'a> {
    /// A key from outside the file, by this checkpoint.
    Anchored(&'a Checkpoint),
    /// Nobody: no such key was given.
    WithoutAnchor,
    /// Nobody yet: no checkpoint holds it.
    TooYoung,
}

impl<'a> Standing<'a> {
    pub(crate) const fn of(verdict: &'a Verdict) -> Self {
        match &verdict.checkpoint {
            None => Self::TooYoung,
            Some(checkpoint) if verdict.is_anchored => Self::Anchored(checkpoint),
            Some(_) => Self::WithoutAnchor,
        }
    }

    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Anchored(_) => "anchored",
            Self::WithoutAnchor | Self::TooYoung => "self_consistent",
        }
    }

    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Anchored(checkpoint) => format!(
                "Checkpoint {} of {} holds it, signed by a key of the anchor.",
                checkpoint.number,
                moment(checkpoint.at)
            ),
            Self::WithoutAnchor => {
                "Self-consistent only: no anchor was given, so nothing outside the file vouches for it."
                    .to_owned()
            }
            Self::TooYoung => {
                "Self-consistent only: it is younger than the last checkpoint, so nothing outside the file \
                               vouches for it yet."
                    .to_owned()
            }
        }
    }
}

/// What was approved, by whom and when, in plain words.
pub(crate) fn lines(verdict: &Verdict) -> Vec<String> {
    let evidence = &verdict.evidence;
    let (shown, granted, enrolment) =
        (evidence.displayed().shown(), evidence.granted(), evidence.enrolment());
    let person = &shown.person;
    let mut lines = vec![
        format!("Approval {} at {}", shown.approval, shown.issuer),
        format!("  by        {} ({}, {})", person.name, person.user_name, person.sub),
        format!("  on        {}", moment(granted.approved_at)),
        format!("  asked by  {} ({})", shown.client.name, shown.client.id),
    ];
    if !shown.client.is_vouched_for {
        lines.push("            for whose name nobody vouched".to_owned());
    }
    if let Some(actor) = &shown.actor {
        lines.push(format!("  done by   {} ({})", actor.name, actor.id));
    }
    for (what, said) in [("message", &shown.binding_message), ("purpose", &shown.purpose)] {
        lines.extend(said.as_ref().map(|said| format!("  {what}   {said}")));
    }
    let scopes = shown.scopes.iter().map(|scope| (scope.choice, &scope.sentence));
    let details = shown.details.iter().map(|detail| (detail.choice, &detail.sentence));
    for (choice, sentence) in scopes.chain(details) {
        let what = if choice.is_approved() { "approved" } else { "left out" };
        lines.push(format!("  {what}  {sentence}"));
    }
    lines.push(format!(
        "  signed    what was displayed at {}, with a passkey of {} ({})",
        moment(shown.shown_at),
        enrolment.rp_id,
        by(&enrolment.by)
    ));
    lines.push(format!("            that is theirs since {}", moment(enrolment.enrolled_at)));
    lines.extend(verdict.token.as_ref().map(|token| {
        let details = match token.details {
            Details::None => "has no details in it",
            Details::Equal => "has details that were approved",
            Details::Narrowed => "has details with shorter lists than were approved",
        };
        let signed = if token.is_signed { "" } else { "; who signed it was not looked at" };
        format!("  token     lies within it, {details}{signed}")
    }));
    lines
}

fn by(word: &EnrolledBy) -> String {
    match word {
        EnrolledBy::Link => "enrolled by a link of the administrator's".to_owned(),
        EnrolledBy::Password => "enrolled by them, signed in with their password".to_owned(),
        EnrolledBy::Passkey(other) => format!("enrolled by them, signed in with the passkey {other}"),
        EnrolledBy::Unrecorded => "how it was enrolled was not recorded".to_owned(),
    }
}
