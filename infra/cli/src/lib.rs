//! What the operator's command does, without its terminal: the configuration's files and their checks, applying them,
//! people, the secrets of clients, the audit trail, the evidence of approvals, what requests cost, and the examination of a
//! deployment. The local server uses it too.

mod agents;
mod application;
mod approvals;
mod audit;
mod bill;
mod chains;
mod checks;
mod client_states;
mod complaint;
mod differences;
#[cfg(feature = "operations")]
pub mod doctor;
mod ended_access;
mod ending;
pub mod files;
mod folder;
mod found_approvals;
#[cfg(feature = "operations")]
mod log_group;
mod people;
mod people_table;
mod policy_cases;
mod policy_request;
pub mod prices;
mod reading;
mod reference;
mod requests;
mod rsa_key;
mod schema;
mod signing_keys;
mod usage;
mod ways_in;

pub use agents::{AgentHolding, HeldBy, NotFound, agents};
pub use application::{Applied, NotApplied, Plan, apply_folder};
pub use approvals::{ApprovalListed, ApprovalsOfPerson, NoEvidence, approvals, export_evidence};
pub use audit::{AuditEvent, AuditFilter, read_audit};
pub use bill::{BillRow, Sum, bill, bill_as_markdown};
pub use chains::{ChainsAudited, audit_chains, checkpoint_keys};
pub use checks::{CheckedFolder, IssuerChoice, check_folder};
pub use client_states::{ClientRefused, NewSecret, disable_client, enable_client, rotate_secret};
pub use complaint::{Complaint, Place};
pub use differences::{Change, FieldChange, What, differences};
pub use ended_access::{Ending, find_ending};
pub use ending::{EverythingEnded, NotAllEnded, end_everything};
pub use found_approvals::{ApprovalFound, ApprovalsFound, ApprovedBy, NotLookedFor, find_approvals};
#[cfg(feature = "operations")]
pub use log_group::{LinePattern, LogGroup, LogGroupError, Span};
pub use people::{
    LeftAtSns, PeopleChanges, PersonChanged, PersonRefused, add_person, disable_person, enable_person,
    generated_password, plan_people, remove_person, reset_password,
};
pub use people_table::read_people_table;
pub use policy_cases::{Expected, PolicyCase, PolicyCases, read_policy_cases, told};
pub use policy_request::PolicyRequest;
pub use reference::reference;
pub use requests::{Flow, Request, Requests, Signing, Tells};
pub use rsa_key::generate_rsa_2048;
pub use schema::{FileSchema, schemas};
pub use signing_keys::{KEY_FILE, NOTICED_WITHIN, NotRotated, Rotation, rotate_keys};
pub use usage::{EVENTS, NOBODY, Usage, UsageBy, UsageRow};
pub use ways_in::{EnrolmentLink, enrol_person, remove_passkeys};
