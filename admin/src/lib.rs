//! The operator's tool: changes of users that no endpoint offers, by the same store code as the
//! functions.

use clap::{Parser, Subcommand};
use shared::{
    Config, Timestamp, UserId,
    domain::user::ProfileChange,
    store::{Refusal, Store, StoreError},
};

const ENVIRONMENT: &str = "\
The environment has the name of the table and access to it: TABLE_NAME, AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and, for temporary credentials, AWS_SESSION_TOKEN. For the local stack, use the
variables in .local/functions.env.";

/// Change users of Latchkey in ways that no endpoint offers
#[derive(Debug, Parser)]
#[command(name = "latchkey-admin", after_help = ENVIRONMENT)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set the roles of a user; all active sessions and key pairs have them at once
    SetRoles {
        /// The userID
        user: UserId,
        /// All roles that the user has from now on
        roles: Vec<String>,
    },
    /// Set the groups of a user; all active sessions and key pairs have them at once
    SetGroups {
        /// The userID
        user: UserId,
        /// All groups that the user has from now on
        groups: Vec<String>,
    },
}

/// Runs a command. Returns the text to print.
///
/// # Errors
/// The reason for which nothing was changed, for people.
pub async fn run(arguments: Arguments, config: &Config, now: Timestamp) -> Result<String, String> {
    let (user, profile) = match arguments.command {
        Command::SetRoles { user, roles } => (user, ProfileChange { roles: Some(roles), ..ProfileChange::default() }),
        Command::SetGroups { user, groups } => {
            (user, ProfileChange { groups: Some(groups), ..ProfileChange::default() })
        }
    };
    match Store::new(config).update_user(user, &profile, now).await {
        Ok(()) => Ok(format!("changed {user}, with all active sessions and key pairs")),
        Err(StoreError::Refused(Refusal::Gone)) => Err("there is no such user, or the account was deleted".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
