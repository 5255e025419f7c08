//! Commands of the documentation, run as if they were pasted into a shell.
//!
//! A shell function replaces the program that the commands call. It passes the arguments to the
//! test, and prints the test's answer.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
};

use tokio::{runtime::Handle, task::block_in_place};

use crate::support::counted;

/// A shell with its options.
pub(super) struct Shell {
    pub(super) name: &'static str,
    options: &'static [&'static str],
}

/// The shells that readers paste commands into. zsh takes a comment for arguments only if it is
/// interactive.
const SHELLS: [Shell; 3] = [
    Shell { name: "sh", options: &[] },
    Shell { name: "bash", options: &[] },
    Shell { name: "zsh", options: &["-f", "-i", "-o", "no_prompt_cr"] },
];

/// Runs a shell, which begins at `$2`, with the script `$1` as its input and its errors in its
/// output. Descriptors 3 and 4 are the pipes from and to the test.
const START: &str = r#"exec 3<&0 4>&2 2>&1; printf '%s\n' "$1" | { shift; exec "$@"; }"#;

/// The function that replaces a program. A call is a line on 4, with a unit separator after each
/// argument. Its answer is a line on 3, with unit separators for line breaks.
const FUNCTION: &str = r#"() {
  printf '%s\037' "$@" >&4
  printf '\n' >&4
  IFS= read -r answer <&3
  printf '%s' "$answer" | tr '\037' '\n'
}"#;

/// Returns the shells that this machine has, and names them in the test's output.
pub(super) fn installed() -> Vec<Shell> {
    let is_there = |shell: &Shell| {
        let is_there = Command::new(shell.name).args(["-c", "exit"]).status().is_ok();
        let name = shell.name;
        if is_there {
            counted(format_args!("commands run in {name}"));
        } else {
            counted(format_args!("{name} is not installed: commands not tried in it"));
        }
        is_there
    };
    SHELLS.into_iter().filter(is_there).collect()
}

impl Shell {
    /// Runs a script in which the test replaces a program. Returns what the script prints, errors
    /// included.
    pub(super) fn run(&self, program: &str, script: &str, answer: impl AsyncFn(Vec<String>) -> String) -> String {
        let script = format!("{program}{FUNCTION}\n{script}");
        let mut command = Command::new("sh");
        command.args(["-c", START, "sh", &script, self.name]).args(self.options).env("PS1", "").env("PS2", "");
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        block_in_place(|| {
            let mut shell = pipes.spawn().expect("sh");
            let mut answers = shell.stdin.take().expect("a pipe");
            for call in BufReader::new(shell.stderr.take().expect("a pipe")).lines() {
                let call = call.expect("a line");
                let arguments = call.split_terminator('\u{1f}').map(str::to_owned).collect();
                let answer = Handle::current().block_on(answer(arguments));
                writeln!(answers, "{}", answer.replace('\n', "\u{1f}")).expect("the shell reads");
            }
            let mut output = String::new();
            shell.stdout.take().expect("a pipe").read_to_string(&mut output).expect("text");
            shell.wait().expect("its end");
            output
        })
    }
}
