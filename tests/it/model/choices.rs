//! What may happen next: mostly what gets somewhere, now and then anything.

use proptest::{
    prelude::*,
    sample::select,
    strategy::{BoxedStrategy, Union},
};

use super::{
    requests::{Bearer, Failing, Guess, NAMES, Ref, Request, Step, Tag, Typed},
    world::{Code, Hold, Purpose, World},
};

const DAY: i64 = 24 * 3600;

/// The next step.
pub(super) fn step(world: &World) -> BoxedStrategy<Step> {
    let mut choices = vec![
        (24, request(world).prop_map(Step::Ask).boxed()),
        (3, pause(world).prop_map(Step::Pass).boxed()),
        (1, Just(Step::Sweep).boxed()),
        (2, redelivered(world).prop_map(Step::Redeliver).boxed()),
    ];
    // Where sources are limited, a failing request may have been counted or not.
    if !world.rules.limits_sources() {
        // The two that most endpoints need are most of them.
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

/// Whether the model knows what comes of it.
pub(super) fn is_certain(world: &World, step: &Step) -> bool {
    let failing = if let Step::AskWhile(failing, _) = step { Some(*failing) } else { None };
    match step.request() {
        // A step that shrank into another must not take a code's name from it.
        Some(request) if request.tag().is_some_and(|tag| tag < world.next_tag) => false,
        Some(Request::VerifyEmail { bearer, code, guess }) => {
            // Two calls at the same time: if one of them fails, who knows what became of the other?
            let one_fails = match failing {
                None => false,
                Some(Failing::GetItem | Failing::UpdateItem) => bearer != Bearer::None,
                Some(_) => bearer != Bearer::None && !world.is_good(bearer),
            };
            !one_fails && world.is_verification_certain(bearer, code, guess)
        }
        _ => true,
    }
}

fn request(world: &World) -> BoxedStrategy<Request> {
    let tag = world.next_tag;
    let often = |is_promising: bool, weight: u32| if is_promising { 3 * weight } else { 1 };
    let anybody = !world.accounts.is_empty();
    let signed_in = !open(world).is_empty();
    let sign_up = (address(), alias(world)).prop_map(move |(address, alias)| Request::SignUp { tag, address, alias });
    let sign_in = owned_address(world).prop_map(move |address| Request::SignIn { tag, address });
    let verify_session =
        (code(world, true), guess(world)).prop_map(|(code, guess)| Request::VerifySession { code, guess });
    let close_session = with_session(world).prop_map(|(bearer, session)| Request::CloseSession { bearer, session });
    let add_email = (bearer(world), free_address(world)).prop_map(move |(bearer, address)| Request::AddEmail {
        tag,
        bearer,
        address,
    });
    let verify_email = (with_code(world), guess(world)).prop_map(|((bearer, code), guess)| Request::VerifyEmail {
        bearer,
        code,
        guess,
    });
    let resend_code =
        with_address(world).prop_map(move |(bearer, address)| Request::ResendCode { tag, bearer, address });
    let prefer_email = with_email(world).prop_map(|(bearer, email)| Request::PreferEmail { bearer, email });
    let delete_email = with_email(world).prop_map(|(bearer, email)| Request::DeleteEmail { bearer, email });
    Union::new_weighted(vec![
        (often(true, if signed_in { 3 } else { 4 }), sign_up.boxed()),
        (often(anybody, if signed_in { 5 } else { 8 }), sign_in.boxed()),
        (often(has_code(world, true), 14), verify_session.boxed()),
        (often(signed_in, 8), add_email.boxed()),
        (often(has_code(world, false), 14), verify_email.boxed()),
        (often(signed_in, 4), resend_code.boxed()),
        (often(signed_in, 6), prefer_email.boxed()),
        (often(signed_in, 5), delete_email.boxed()),
        (often(signed_in, 3), bearer(world).prop_map(|bearer| Request::ExtendSession { bearer }).boxed()),
        (often(signed_in, 4), close_session.boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::CheckSession { bearer }).boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::ListSessions { bearer }).boxed()),
        (often(signed_in, 2), bearer(world).prop_map(|bearer| Request::ListEmails { bearer }).boxed()),
        (often(anybody, 2), user(world).prop_map(|user| Request::GetUser { user }).boxed()),
    ])
    .boxed()
}

/// One of these, as often as the first number says; or, as often as the second says, something else.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    these: Vec<T>,
    (often, seldom): (u32, u32),
    rest: BoxedStrategy<T>,
) -> BoxedStrategy<T> {
    if these.is_empty() {
        return rest;
    }
    Union::new_weighted(vec![(often, select(these).boxed()), (seldom, rest)]).boxed()
}

fn name() -> BoxedStrategy<Option<Typed>> {
    let typed = (0..NAMES.len(), prop::bool::weighted(0.25)).prop_map(|(which, loud)| Some(Typed { which, loud }));
    prop_oneof![24 => typed, 1 => Just(None)].boxed()
}

fn address() -> BoxedStrategy<Option<Typed>> {
    name()
}

/// Rather one that nobody owns.
fn alias(world: &World) -> BoxedStrategy<Option<Typed>> {
    let all = (0..NAMES.len()).map(|which| Typed { which, loud: false });
    let free = all.filter(|alias| world.aliases.get(&alias.which) != Some(&Hold::Owned)).map(Some);
    mostly(free.collect(), (1, 1), name())
}

fn owned_address(world: &World) -> BoxedStrategy<Option<Typed>> {
    let owned = world.accounts.values().flat_map(|account| &account.emails).filter(|email| email.verified);
    mostly(owned.map(|email| Some(email.address)).collect(), (3, 1), address())
}

fn free_address(world: &World) -> BoxedStrategy<Option<Typed>> {
    let all = (0..NAMES.len()).flat_map(|which| [false, true].map(|loud| Typed { which, loud }));
    mostly(all.filter(|address| world.owner(*address).is_none()).map(Some).collect(), (2, 1), address())
}

/// A code to deliver again, rather one that is not used yet.
fn redelivered(world: &World) -> BoxedStrategy<Tag> {
    mostly(world.codes.keys().copied().collect(), (4, 1), tag(world))
}

/// Any that was ever used.
fn tag(world: &World) -> BoxedStrategy<Tag> {
    (1..world.next_tag.max(2)).boxed()
}

fn no_id() -> BoxedStrategy<Ref> {
    select(vec![Ref::Unknown, Ref::Malformed]).boxed()
}

fn any_ref(world: &World) -> BoxedStrategy<Ref> {
    prop_oneof![3 => tag(world).prop_map(Ref::Of), 1 => no_id()].boxed()
}

fn has_code(world: &World, for_session: bool) -> bool {
    world.codes.keys().any(|code| world.guessable(*code, for_session).is_some())
}

/// Of those that still can be right, rather one that was tried before; and rather one that can't be right any more than anything.
fn code(world: &World, for_session: bool) -> BoxedStrategy<Ref> {
    let codes = |of: &dyn Fn(Tag, &Code) -> bool| -> Vec<_> {
        let codes = world.codes.iter().filter(|(_, code)| for_session != code.purpose.is_for_address());
        codes.filter(|(tag, code)| of(**tag, code)).map(|(tag, _)| Ref::Of(*tag)).collect()
    };
    let is_live = |tag| world.guessable(tag, for_session).is_some();
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

fn open(world: &World) -> Vec<Tag> {
    world.sessions.keys().copied().filter(|session| world.is_open(*session)).collect()
}

fn bearer(world: &World) -> BoxedStrategy<Bearer> {
    let good = open(world).into_iter().map(Bearer::Of).collect();
    let expired = world.sessions.keys().filter(|session| !world.is_open(**session)).map(|session| Bearer::Of(*session));
    let bad = prop_oneof![
        4 => tag(world).prop_map(Bearer::Of),
        1 => select(vec![Bearer::Unknown, Bearer::Malformed, Bearer::None]),
    ];
    mostly(good, (8, 1), mostly(expired.collect(), (1, 1), bad.boxed()))
}

/// A bearer, and often something that belongs to the same user.
fn with<T: Clone + std::fmt::Debug + 'static>(
    world: &World,
    own: impl Fn(Tag) -> Vec<T>,
    any: BoxedStrategy<T>,
) -> BoxedStrategy<(Bearer, T)> {
    let of_session = |session: Tag| {
        let things = own(world.sessions[&session].user);
        things.into_iter().map(move |thing| (Bearer::Of(session), thing))
    };
    let pairs = open(world).into_iter().flat_map(of_session).collect();
    mostly(pairs, (3, 1), (bearer(world), any).boxed())
}

fn with_session(world: &World) -> BoxedStrategy<(Bearer, Ref)> {
    with(world, |user| world.open_sessions(user).into_iter().map(Ref::Of).collect(), any_ref(world))
}

/// Perhaps no bearer.
fn with_code(world: &World) -> BoxedStrategy<(Bearer, Ref)> {
    let is_of =
        |code: &Tag, user| matches!(world.codes[code].purpose, Purpose::AddEmail { user: asker, .. } if asker == user);
    let own = |user| world.codes.keys().filter(|code| is_of(code, user)).map(|code| Ref::Of(*code)).collect();
    let any = code(world, false);
    prop_oneof![(Just(Bearer::None), any.clone()), with(world, own, any)].boxed()
}

fn with_email(world: &World) -> BoxedStrategy<(Bearer, Ref)> {
    let own = |user: Tag| {
        let account = &world.accounts[&user];
        let others = account.emails.iter().filter(|email| email.tag != account.preferred);
        // The preferred one is seldom what gets somewhere.
        others.clone().chain(others).map(|email| email.tag).chain([account.preferred]).map(Ref::Of).collect()
    };
    let all = world.accounts.values().flat_map(|account| &account.emails).map(|email| Ref::Of(email.tag));
    with(world, own, mostly(all.collect(), (1, 2), any_ref(world)))
}

fn with_address(world: &World) -> BoxedStrategy<(Bearer, Option<Typed>)> {
    let own = |user: Tag| {
        let unverified = world.accounts[&user].emails.iter().filter(|email| !email.verified);
        unverified.map(|email| Some(email.address)).collect()
    };
    with(world, own, address())
}

/// Seconds: a few, or just as many as something takes to end, or one less.
fn pause(world: &World) -> BoxedStrategy<i64> {
    let (rules, now) = (&world.rules, world.now);
    let before = |ends: &mut dyn Iterator<Item = i64>| {
        let pauses = ends.flat_map(|end| [end - now - 1, end - now]);
        pauses.filter(|seconds| (1..DAY).contains(seconds)).collect::<Vec<_>>()
    };
    let mails = world.mailboxes.iter().map(|mailbox| now + mailbox.wait(now, rules));
    let soon = before(&mut world.codes.values().map(|code| code.ends).chain(mails));
    let late = before(&mut world.sessions.values().flat_map(|session| [session.ends, session.ends_at_last]));
    let few = select(vec![1, 30, rules.mail_interval.max(1)]).boxed();
    let many = select(vec![rules.code_lifetime, rules.session_lifetime, rules.session_maximum, 3600, DAY - 1, DAY]);
    let many = Union::new_weighted(vec![(2, few.clone()), (1, mostly(late, (2, 1), many.boxed()))]);
    mostly(soon, (1, 1), many.boxed())
}
