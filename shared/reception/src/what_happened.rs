use environment::Fault;
use http::{Problem, StatusCode, status};
use oauth::{ErrorCode, HandleRejection, Refusal};
use pages::WhatHappened;

/// What a person is told about a problem, and what their client's developer is told beside it.
pub(crate) fn what_happened(problem: &Problem) -> (WhatHappened, StatusCode, &'static str, Option<String>) {
    match problem {
        Problem::Refused(refusal) => {
            (in_plain_words(refusal), status(refusal), refusal.code().as_str(), Some(refusal.description()))
        }
        Problem::Fault(Fault::Unavailable { .. }) => (
            WhatHappened::Unavailable,
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::TemporarilyUnavailable.as_str(),
            None,
        ),
        Problem::Fault(Fault::Broken { .. }) => {
            (WhatHappened::Broken, StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::ServerError.as_str(), None)
        }
    }
}

fn in_plain_words(refusal: &Refusal) -> WhatHappened {
    match refusal {
        Refusal::UnknownClient
        | Refusal::ClientUrlInvalid { .. }
        | Refusal::DocumentHostNotAllowed
        | Refusal::DocumentNotRead { .. }
        | Refusal::DocumentInvalid { .. } => WhatHappened::ClientIsUnknown,
        Refusal::RedirectUriNotRegistered => WhatHappened::ReturnIsUnknown,
        Refusal::RequestUriInvalid { .. } | Refusal::InteractionExpired => WhatHappened::InteractionIsOver,
        Refusal::RequestNotWaiting { why: HandleRejection::Spent } => WhatHappened::DecidedBefore,
        Refusal::RequestNotWaiting { why: HandleRejection::Expired { .. } } => WhatHappened::RequestExpired,
        // One answer for what is not there and what is somebody else's.
        Refusal::RequestNotWaiting { .. } => WhatHappened::NothingToDecide,
        Refusal::FormRejected => WhatHappened::FormIsForeign,
        Refusal::PersonEnded | Refusal::DeniedByPerson | Refusal::GrantNotPermitted => {
            WhatHappened::NotAllowed
        }
        _ => WhatHappened::RequestIsWrong,
    }
}
