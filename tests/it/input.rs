//! Which input does an endpoint accept? Anything else is refused with a 400 that says what is wrong
//! and does not repeat the input. It causes no email and changes no item.

mod body;
mod events;
mod members;
