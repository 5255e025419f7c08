//! Chooses the next step: mostly one that makes progress, sometimes any.

use proptest::{
    prelude::*,
    sample::select,
    strategy::{BoxedStrategy, Union},
};

use super::{
    requests::{Bearer, Failing, Guess, NAMES, Name, Ref, Request, Step, Tag},
    world::{AliasState, Code, Purpose, Scope, World},
};

const DAY: i64 = 24 * 3600;

/// Generates the next step.
pub(super) fn step(world: &World) -> BoxedStrategy<Step> {
    let mut choices = vec![
        (24, request(world).prop_map(Step::Ask).boxed()),
        (3, pause(world).prop_map(Step::Pass).boxed()),
        (1, Just(Step::Sweep).boxed()),
        (2, redelivered(world).prop_map(Step::Redeliver).boxed()),
    ];
    // If sources have a rate limit, it is unknown whether a request that fails was counted.
    if !world.rules.limits_sources() {
        // Most endpoints use the first two operations.
        let operations = prop_oneof![
            3 => Just(Failing::GetItem),
            3 => Just(Failing::TransactWriteItems),
            1 => Just(Failing::Query),
            1 => Just(Failing::UpdateItem),
        ];
        let failing = (operations, request(world)).prop_map(|(failing, request)| Step::AskWhile(failing, request));
        choices.push((4, failing.boxed()));
    }
    Union::new_weighted(choices).boxed()
}

/// Returns whether the model can predict the result of a step.
pub(super) fn is_certain(world: &World, step: &Step) -> bool {
    let failing = if let Step::AskWhile(failing, _) = step { Some(*failing) } else { None };
    match step.request() {
        // A shrunk step must not take the tag of an existing code.
        Some(request) if request.tag().is_some_and(|tag| tag < world.next_tag) => false,
        Some(
            request @ (Request::VerifyEmail { bearer, code, guess } | Request::VerifyKeyPair { bearer, code, guess }),
        ) => {
            let is_for_email = matches!(request, Request::VerifyEmail { .. });
            let scope = if is_for_email { Scope::Email } else { Scope::KeyPair };
            // Two concurrent calls: if one fails, it is unknown whether the other was made.
            let one_fails = match failing {
                None => false,
                Some(Failing::GetItem | Failing::UpdateItem) => bearer != Bearer::None,
                Some(_) => bearer != Bearer::None && !world.authenticates(bearer),
            };
            !one_fails && world.is_verification_certain(bearer, code, guess, scope)
        }
        _ => true,
    }
}

fn request(world: &World) -> BoxedStrategy<Request> {
    let tag = world.next_tag;
    let often = |is_promising: bool, weight: u32| if is_promising { 3 * weight } else { 1 };
    let has_accounts = !world.accounts.is_empty();
    let signed_in = !active(world).is_empty();
    let sign_up = (address(), alias(world)).prop_map(move |(address, alias)| Request::SignUp { tag, address, alias });
    let sign_in = owned_address(world).prop_map(move |address| Request::SignIn { tag, address });
    let verify_session =
        (code(world, Scope::Session), guess(world)).prop_map(|(code, guess)| Request::VerifySession { code, guess });
    let close_session = with_session(world).prop_map(|(bearer, session)| Request::CloseSession { bearer, session });
    let reauthenticate = bearer(world).prop_map(move |bearer| Request::Reauthenticate { tag, bearer });
    let add_email = (bearer(world), free_address(world)).prop_map(move |(bearer, address)| Request::AddEmail {
        tag,
        bearer,
        address,
    });
    let verify_email = (with_code(world, Scope::Email), guess(world))
        .prop_map(|((bearer, code), guess)| Request::VerifyEmail { bearer, code, guess });
    let resend_code =
        with_address(world).prop_map(move |(bearer, address)| Request::ResendCode { tag, bearer, address });
    // An account that is deleted too often has no life, but one at its limit of changes stays.
    let is_at_limit = |session: &Tag| world.check_changes(world.sessions[session].user).is_err();
    let at_limit: Vec<_> = active(world).into_iter().filter(is_at_limit).map(Bearer::Of).collect();
    let delete_user = mostly(at_limit.clone(), (3, 1), bearer(world)).prop_map(|bearer| Request::DeleteUser { bearer });
    let update_user = (bearer(world), alias(world)).prop_map(|(bearer, alias)| Request::UpdateUser { bearer, alias });
    let keep = select(vec![None, Some("current"), Some("all")]);
    let close_sessions = (bearer(world), keep).prop_map(|(bearer, keep)| Request::CloseSessions { bearer, keep });
    let prefer_email = with_email(world).prop_map(|(bearer, email)| Request::PreferEmail { bearer, email });
    let delete_email = with_email(world).prop_map(|(bearer, email)| Request::DeleteEmail { bearer, email });
    let create_key_pair = (bearer(world), prop::bool::weighted(0.9))
        .prop_map(move |(bearer, is_valid)| Request::CreateKeyPair { tag, bearer, is_valid });
    let verify_key_pair = (with_code(world, Scope::KeyPair), guess(world))
        .prop_map(|((bearer, code), guess)| Request::VerifyKeyPair { bearer, code, guess });
    let delete_key_pair =
        with_key_pair(world).prop_map(|(bearer, key_pair)| Request::DeleteKeyPair { bearer, key_pair });
    Union::new_weighted(vec![
        (often(true, if signed_in { 3 } else { 4 }), sign_up.boxed()),
        (often(has_accounts, if signed_in { 5 } else { 8 }), sign_in.boxed()),
        (often(has_code(world, Scope::Session), 14), verify_session.boxed()),
        (often(signed_in, 4), reauthenticate.boxed()),
        (often(signed_in, 8), add_email.boxed()),
        (often(has_code(world, Scope::Email), 14), verify_email.boxed()),
        (often(signed_in, 4), resend_code.boxed()),
        (often(signed_in, 8), prefer_email.boxed()),
        (often(signed_in, 7), delete_email.boxed()),
        (often(signed_in, 3), bearer(world).prop_map(|bearer| Request::ExtendSession { bearer }).boxed()),
        (often(signed_in, 4), close_session.boxed()),
        (often(signed_in, 1), close_sessions.boxed()),
        (if at_limit.is_empty() { 1 } else { 5 }, delete_user.boxed()),
        (often(signed_in, 3), update_user.boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::GetAccount { bearer }).boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::CheckSession { bearer }).boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::ListSessions { bearer }).boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::ListEmails { bearer }).boxed()),
        (often(signed_in, 5), create_key_pair.boxed()),
        (often(has_code(world, Scope::KeyPair), 8), verify_key_pair.boxed()),
        (often(signed_in, 2), delete_key_pair.boxed()),
        (often(has_accounts, 2), key_pair(world).prop_map(|key_pair| Request::CheckKeyPair { key_pair }).boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::ListKeyPairs { bearer }).boxed()),
        (often(has_accounts, 2), user(world).prop_map(|user| Request::GetUser { user }).boxed()),
    ])
    .boxed()
}

/// Chooses one of `these` or something from `rest`, with these weights.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    these: Vec<T>,
    (often, rarely): (u32, u32),
    rest: BoxedStrategy<T>,
) -> BoxedStrategy<T> {
    if these.is_empty() {
        return rest;
    }
    Union::new_weighted(vec![(often, select(these).boxed()), (rarely, rest)]).boxed()
}

fn name() -> BoxedStrategy<Option<Name>> {
    let name =
        (0..NAMES.len(), prop::bool::weighted(0.25)).prop_map(|(which, upper_case)| Some(Name { which, upper_case }));
    prop_oneof![24 => name, 1 => Just(None)].boxed()
}

fn address() -> BoxedStrategy<Option<Name>> {
    name()
}

/// Generates an alias, preferably a free one.
fn alias(world: &World) -> BoxedStrategy<Option<Name>> {
    let all = (0..NAMES.len()).map(|which| Name { which, upper_case: false });
    let free = all.filter(|alias| world.aliases.get(&alias.which) != Some(&AliasState::Owned)).map(Some);
    mostly(free.collect(), (1, 1), name())
}

fn owned_address(world: &World) -> BoxedStrategy<Option<Name>> {
    let emails = world.accounts.values().flat_map(|account| &account.emails);
    let owned = emails.filter(|email| email.verified.is_some()).map(|email| Some(email.address));
    let removed = world.removed.values().filter_map(|removed| world.removal(removed.address));
    let removed = removed.map(|removed| Some(removed.address)).collect();
    mostly(removed, (1, 2), mostly(owned.collect(), (3, 1), address()))
}

fn free_address(world: &World) -> BoxedStrategy<Option<Name>> {
    let all = (0..NAMES.len()).flat_map(|which| [false, true].map(|upper_case| Name { which, upper_case }));
    mostly(all.filter(|address| world.owner(*address).is_none()).map(Some).collect(), (2, 1), address())
}

/// Chooses a code to deliver again, preferably an unused one.
fn redelivered(world: &World) -> BoxedStrategy<Tag> {
    mostly(world.codes.keys().copied().collect(), (4, 1), tag(world))
}

/// Chooses any tag so far.
fn tag(world: &World) -> BoxedStrategy<Tag> {
    (1..world.next_tag.max(2)).boxed()
}

fn no_id() -> BoxedStrategy<Ref> {
    select(vec![Ref::Unknown, Ref::Malformed]).boxed()
}

fn any_ref(world: &World) -> BoxedStrategy<Ref> {
    prop_oneof![3 => tag(world).prop_map(Ref::Of), 1 => no_id()].boxed()
}

fn has_code(world: &World, scope: Scope) -> bool {
    world.codes.keys().any(|code| world.guessable(*code, scope).is_some())
}

/// Chooses a code, preferably a valid one that was guessed at before; otherwise preferably one that
/// is no longer valid.
fn code(world: &World, scope: Scope) -> BoxedStrategy<Ref> {
    let codes = |of: &dyn Fn(Tag, &Code) -> bool| -> Vec<_> {
        let codes = world.codes.iter().filter(|(_, code)| code.purpose.scope() == scope);
        codes.filter(|(tag, code)| of(**tag, code)).map(|(tag, _)| Ref::Of(*tag)).collect()
    };
    let is_live = |tag| world.guessable(tag, scope).is_some();
    let live = codes(&|tag, code| is_live(tag) && code.mailed);
    let tried = codes(&|tag, code| is_live(tag) && code.mailed && code.tries > 0);
    let dead = codes(&|tag, code| !is_live(tag) && code.mailed);
    let not_mailed = codes(&|_, code| !code.mailed);
    let hopeless = mostly(dead, (1, 1), mostly(not_mailed, (1, 1), any_ref(world)));
    if live.is_empty() {
        return hopeless;
    }
    let tried = mostly(tried, (1, 1), select(live).boxed());
    prop_oneof![3 => tried, 1 => hopeless].boxed()
}

fn guess(world: &World) -> BoxedStrategy<Guess> {
    prop_oneof![
        12 => Just(Guess::Right),
        2 => Just(Guess::RightAsNumber),
        6 => Just(Guess::Wrong),
        1 => tag(world).prop_map(Guess::Of),
        1 => Just(Guess::Malformed),
    ]
    .boxed()
}

fn user(world: &World) -> BoxedStrategy<Ref> {
    mostly(world.accounts.keys().map(|user| Ref::Of(*user)).collect(), (1, 1), any_ref(world))
}

fn active(world: &World) -> Vec<Tag> {
    world.sessions.keys().copied().filter(|session| world.is_active(*session)).collect()
}

fn bearer(world: &World) -> BoxedStrategy<Bearer> {
    let good = active(world).into_iter().map(Bearer::Of).collect();
    let expired =
        world.sessions.keys().filter(|session| !world.is_active(**session)).map(|session| Bearer::Of(*session));
    let bad = prop_oneof![
        4 => tag(world).prop_map(Bearer::Of),
        1 => select(vec![Bearer::Unknown, Bearer::Malformed, Bearer::None]),
    ];
    mostly(good, (8, 1), mostly(expired.collect(), (1, 1), bad.boxed()))
}

/// Chooses a bearer token, and often something that belongs to the same user.
fn with<T: Clone + std::fmt::Debug + 'static>(
    world: &World,
    own: impl Fn(Tag) -> Vec<T>,
    any: BoxedStrategy<T>,
) -> BoxedStrategy<(Bearer, T)> {
    let of_session = |session: Tag| {
        let things = own(world.sessions[&session].user);
        things.into_iter().map(move |thing| (Bearer::Of(session), thing))
    };
    let pairs = active(world).into_iter().flat_map(of_session).collect();
    mostly(pairs, (3, 1), (bearer(world), any).boxed())
}

fn with_session(world: &World) -> BoxedStrategy<(Bearer, Ref)> {
    with(world, |user| world.active_sessions(user).into_iter().map(Ref::Of).collect(), any_ref(world))
}

/// Chooses a code, with or without a bearer token.
fn with_code(world: &World, scope: Scope) -> BoxedStrategy<(Bearer, Ref)> {
    let is_of = |code: &Tag, user| {
        matches!(world.codes[code].purpose,
            Purpose::AddEmail { user: by, .. } | Purpose::KeyPair { user: by } if by == user && world.codes[code].purpose.scope() == scope)
    };
    let own = |user| world.codes.keys().filter(|code| is_of(code, user)).map(|code| Ref::Of(*code)).collect();
    let any = code(world, scope);
    prop_oneof![(Just(Bearer::None), any.clone()), with(world, own, any)].boxed()
}

fn key_pair(world: &World) -> BoxedStrategy<Ref> {
    let all = world.key_pairs.iter();
    let active = all.clone().filter(|(_, key_pair)| key_pair.verified).map(|(tag, _)| Ref::Of(*tag)).collect();
    mostly(active, (3, 1), mostly(all.map(|(tag, _)| Ref::Of(*tag)).collect(), (1, 1), any_ref(world)))
}

fn with_key_pair(world: &World) -> BoxedStrategy<(Bearer, Ref)> {
    with(world, |user| world.key_pairs_of(user).into_iter().map(Ref::Of).collect(), key_pair(world))
}

fn with_email(world: &World) -> BoxedStrategy<(Bearer, Ref)> {
    let own = |user: Tag| {
        let account = &world.accounts[&user];
        let others = account.emails.iter().filter(|email| email.tag != account.preferred);
        // Requests for the preferred address rarely succeed, so the others are twice as likely.
        others.clone().chain(others).map(|email| email.tag).chain([account.preferred]).map(Ref::Of).collect()
    };
    let all = world.accounts.values().flat_map(|account| &account.emails).map(|email| Ref::Of(email.tag));
    with(world, own, mostly(all.collect(), (1, 2), any_ref(world)))
}

fn with_address(world: &World) -> BoxedStrategy<(Bearer, Option<Name>)> {
    let own = |user: Tag| {
        let unverified = world.accounts[&user].emails.iter().filter(|email| email.verified.is_none());
        unverified.map(|email| Some(email.address)).collect()
    };
    with(world, own, address())
}

/// Generates a pause in seconds: a few, or exactly until something ends, or one second less.
fn pause(world: &World) -> BoxedStrategy<i64> {
    let (rules, now) = (&world.rules, world.now);
    let before = |ends: &mut dyn Iterator<Item = i64>| {
        let pauses = ends.flat_map(|end| [end - now - 1, end - now]);
        pauses.filter(|seconds| (1..DAY).contains(seconds)).collect::<Vec<_>>()
    };
    let sent = world.mailboxes.iter().map(|mailbox| now + mailbox.wait(now, rules));
    let soon = before(&mut world.codes.values().map(|code| code.ends).chain(sent));
    let fresh = world.sessions.values().map(|session| session.authenticated_at + rules.fresh_session);
    let removed = world.removed.values().map(|removed| removed.ends);
    let ends = world.sessions.values().flat_map(|session| [session.ends, session.not_after]);
    let keys = world.key_pairs.values().map(|key_pair| key_pair.ends);
    let late = before(&mut ends.chain(fresh).chain(removed).chain(keys));
    let few = select(vec![1, 30, rules.mail_interval.max(1)]).boxed();
    let many = select(vec![rules.code_lifetime, rules.session_lifetime, rules.session_maximum, 3600, DAY - 1, DAY]);
    let many = Union::new_weighted(vec![(2, few.clone()), (1, mostly(late, (2, 1), many.boxed()))]);
    mostly(soon, (1, 1), many.boxed())
}
