/// Who calls a function, and so what an event of its looks like and who hears what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// API Gateway, for somebody who waits for the answer.
    Gateway,
    /// A schedule.
    Schedule,
    /// The table's stream, and a queue.
    Stream,
    /// The gateway of somebody's tool, on a stack of its own (`infra/authorizer.yaml`): it calls nothing of AWS, and is not among
    /// the programs that are built here.
    ToolsGateway,
}

/// Every function of the product.
pub(crate) const FUNCTIONS: [(&str, Caller); 16] = [
    ("account", Caller::Gateway),
    ("approval", Caller::Gateway),
    ("authorize", Caller::Gateway),
    ("authorizer", Caller::ToolsGateway),
    ("backchannel", Caller::Gateway),
    ("consent", Caller::Gateway),
    ("discovery", Caller::Gateway),
    ("introspect", Caller::Gateway),
    ("notify", Caller::Stream),
    ("par", Caller::Gateway),
    ("register", Caller::Gateway),
    ("revoke", Caller::Gateway),
    ("rotation", Caller::Schedule),
    ("sign-in", Caller::Gateway),
    ("token", Caller::Gateway),
    ("userinfo", Caller::Gateway),
];

impl Caller {
    /// The functions that it calls.
    pub(crate) fn functions(self) -> impl Iterator<Item = &'static str> {
        FUNCTIONS.into_iter().filter(move |(_, caller)| *caller == self).map(|(name, _)| name)
    }
}
