"""What each record of the wire may hold, edges included, registered for `st.from_type`."""

import string

from hypothesis import strategies as st

from wire import code, cose, documents, keys, messages, status
from wire import policy as policies
from wire.health import Trouble
from wire.reasons import Colour, Reason, Verdict

MAX = 2**63 - 1
SIGNERS = {alg: [keys.PrivateKey.generate(alg) for _ in range(3)] for alg in keys.Alg}
PUBLIC = [signer.public for signers in SIGNERS.values() for signer in signers]


def uint(high=MAX):
    return st.sampled_from((0, 1, 23, 24, 255, 256, high)).filter(lambda n: n <= high) | st.integers(0, high)


def integer(low, high):
    return st.sampled_from((low, high)) | st.integers(low, high)


def text(most):
    visible = st.sampled_from("吉祥门 　é₀" + string.ascii_letters + string.digits + "\U00020000\U0001f600")
    return st.text(visible, max_size=min(most, 6)) | st.just("门" * most)


def raw(least, most=None):
    return st.binary(min_size=least, max_size=least if most is None else most)


def maybe(strategy):
    return st.none() | strategy


def rows(strategy, most=2):
    return st.lists(strategy, max_size=most).map(tuple)


def built(kind, /, base=None, **fields):
    st.register_type_strategy(kind, st.builds(kind, **(base or {}), **fields))
    return st.from_type(kind)


seconds, id16, hash32, ident, name, uri = uint(), raw(16), raw(32), text(64), text(80), text(128)
public = st.sampled_from(PUBLIC)
head = {"version": uint(), "issued": seconds, "expires": seconds, "audience": ident}
lists = st.dictionaries(uri, uint(), max_size=2)

policy = built(
    policies.Policy,
    fever_c100=integer(3500, 4200),
    proof_past_s=uint(300),
    proof_future_s=uint(300),
    repeat_s=uint(86_400),
    clock_doubt_ms=uint(600_000),
    trust_age_s=uint(366 * 86_400),
    list_age_s=uint(90 * 86_400),
    paper=st.sampled_from(policies.Choice),
    no_information=st.sampled_from(policies.Choice),
    list_not_held=st.sampled_from(policies.Choice),
    measured=st.sampled_from(policies.Measured),
    site=st.sampled_from(policies.Site),
    pulse_ms=integer(50, 30_000),
    longest_open_ms=integer(500, 120_000),
)


@st.composite
def _roots(draw):
    chosen = draw(st.lists(public, min_size=1, max_size=4, unique=True))
    kids = [key.kid for key in chosen]
    held = st.lists(st.sampled_from(kids), min_size=1, max_size=4, unique=True)
    roles = {}
    for role in documents.Role:
        own = draw(held)
        threshold = draw(st.integers(1, len(own)))
        roles[role] = documents.RoleKeys(threshold=threshold, kids=tuple(own))
    return documents.Root(**{k: draw(v) for k, v in head.items()}, keys=tuple(chosen), roles=roles)


st.register_type_strategy(documents.Root, _roots())
issuer_key = built(
    documents.IssuerKey,
    key=public,
    use=st.sampled_from(documents.KeyUse),
    not_before=seconds,
    not_after=seconds,
)
list_ref = built(documents.ListRef, uri=uri, shard=uint(4095), carried_by=rows(text(12)))
issuer = built(
    documents.Issuer,
    id=text(16),
    name_zh=name,
    name_en=name,
    keys=rows(issuer_key),
    lists=st.lists(list_ref, max_size=2, unique_by=lambda ref: ref.uri).map(tuple),
)


def _different(issuers):
    uris = [ref.uri for each in issuers for ref in each.lists]
    return len(set(uris)) == len(uris)


issuers = st.lists(issuer, max_size=2, unique_by=lambda each: each.id).filter(_different).map(tuple)
built(documents.Trust, head, issuers=issuers, bounds=policy)
permission = built(documents.Permission, region=ident, scope=ident, begins=seconds, ends=seconds)
hours = built(documents.Hours, weekday=uint(6), opens_min=uint(1440), closes_min=uint(1440))
direction = st.sampled_from(documents.Direction)
built(
    documents.Assignment,
    head,
    venue=ident,
    venue_zh=name,
    venue_en=name,
    category=ident,
    location=text(120),
    permission=maybe(permission),
    lane=text(32),
    direction=direction,
    policy=policy,
    staff=rows(id16),
    hours=rows(hours),
    closed_days=rows(uint(100_000)),
    utc_offset_min=integer(-720, 840),
    closed=st.booleans(),
    capacity=maybe(uint(1_000_000)),
    foreign_key=maybe(hash32),
    staff_rules=maybe(
        built(documents.StaffRules, only=st.booleans(), hours=rows(hours), attendants=rows(id16))
    ),
)
command = {**head, "id": id16, "nonce": id16, "reason": text(80)}
registers = documents.Action.MEASURE_REGISTERED
st.register_type_strategy(
    documents.Command,
    st.builds(
        documents.Command,
        **command,
        action=st.sampled_from(documents.Action).filter(lambda action: action is not registers),
    )
    | st.builds(
        documents.Command, **command, action=st.just(registers), number=text(16), attendant=maybe(id16)
    ),
)
range_ = st.tuples(uint(), uint(), hash32).map(
    lambda r: documents.Range(first=min(r[:2]), last=max(r[:2]), hash=r[2])
)
st.register_type_strategy(documents.Range, range_)
built(documents.Receipt, head, journal=id16, epoch=id16, ranges=rows(range_))
recent = built(documents.Recent, digest=id16, at=seconds, direction=direction)
built(documents.VenueState, head, occupancy=uint(10_000_000), recent=rows(recent))
built(documents.Time, head, now_ms=uint(), nonce=maybe(id16), root=uint(), trust=uint(), lists=lists)

celsius = integer(-27_315, 40_000)
temperature = built(
    messages.Temperature,
    object_c100=celsius,
    ambient_c100=celsius,
    surface_c100=maybe(celsius),
    body_c100=maybe(celsius),
    uncertainty_c100=uint(10_000),
    samples=uint(10_000),
)
versions = built(messages.Versions, root=uint(), trust=uint(), assignment=uint(), list_seq=uint())
built(
    messages.Entry,
    sequence=uint(),
    previous=hash32,
    at_ms=uint(),
    clock=st.sampled_from(messages.ClockTrust),
    kind=st.sampled_from(messages.Event),
    verdict=maybe(st.sampled_from(Verdict)),
    reason=maybe(st.sampled_from(Reason)),
    colour=maybe(st.sampled_from(Colour)),
    issuer=maybe(text(16)),
    subject=maybe(id16),
    lane=maybe(text(32)),
    direction=maybe(direction),
    temperature=maybe(temperature),
    took_ms=maybe(uint(2**32 - 1)),
    versions=maybe(versions),
    attendant=maybe(id16),
    about=maybe(uint()),
    word=maybe(text(64)),
    counts=maybe(st.dictionaries(st.sampled_from(Reason), uint(2**32 - 1), max_size=3)),
    until=maybe(uint()),
)
built(
    messages.Batch,
    journal=id16,
    first=uint(),
    events=rows(raw(1, 40)),
    checkpoint=maybe(raw(1, 512)),
)
built(messages.Checkpoint, gate=text(12), journal=id16, head=uint(), hash=hash32, at_ms=uint())
held = built(messages.Held, root=uint(), trust=uint(), assignment=uint(), lists=lists)
built(
    messages.Hello,
    session=id16,
    firmware=text(32),
    held=held,
    journal=id16,
    head=uint(),
    tail=uint(),
    checkpoint=raw(1, 512),
    epoch=maybe(id16),
)
built(
    messages.State,
    session=id16,
    online=st.booleans(),
    ready=st.booleans(),
    troubles=rows(st.sampled_from(Trouble)),
    at_ms=uint(),
    clock=st.sampled_from(messages.ClockTrust),
    clock_doubt_ms=uint(),
    held=held,
    backlog=uint(),
    gauges=st.dictionaries(text(64), integer(-(2**63), MAX), max_size=2),
    lane=maybe(text(64)),
)
result = built(messages.Result, id=id16, outcome=st.sampled_from(messages.Outcome), detail=text(120))
built(messages.Reply, session=id16, results=rows(result), wanted=lists)

paper = built(code.PaperName, masked_name=text(32), id_tail=text(4))
claims = {
    "issuer": text(16),
    "issued": seconds,
    "expires": seconds,
    "list_uri": uri,
    "index": uint(2**32 - 1),
    "subject": id16,
}
st.register_type_strategy(
    code.Claims,
    st.builds(code.Claims, **claims, holder=public) | st.builds(code.Claims, **claims, paper=paper),
)
status_list = st.one_of(
    *(st.builds(status.StatusList, packed=raw(0, 40), bits=st.just(bits)) for bits in (1, 2, 4, 8))
)
st.register_type_strategy(status.StatusList, status_list)
built(
    status.Token,
    uri=uri,
    issued=seconds,
    expires=seconds,
    seq=uint(),
    statuses=status_list,
    ttl_s=maybe(uint()),
)
st.register_type_strategy(
    status.Delta,
    st.builds(
        lambda a, b, **rest: status.Delta(base_seq=min(a, b), seq=max(a, b) + (a == b), **rest),
        uint(MAX - 1),
        uint(MAX - 1),
        uri=uri,
        issued=seconds,
        expires=seconds,
        result=hash32,
        packed=raw(0, 40),
    ),
)
st.register_type_strategy(
    cose.Header,
    st.builds(
        cose.Header,
        alg=maybe(st.sampled_from(keys.Alg)),
        kid=maybe(raw(0, 16)),
        content_type=maybe(text(40)),
        typ=maybe(text(40)),
    ),
)
st.register_type_strategy(keys.PublicKey, public)
st.register_type_strategy(keys.PrivateKey, st.sampled_from([s for each in SIGNERS.values() for s in each]))
