"""How tribev2-rs did on the kits of the encoder, as a part of docs/conformance.md."""

from dataclasses import replace
from pathlib import Path

from tools.conformance.port_reading import CAUSES, COMMIT, READ, SORTED, ZEROS
from tools.conformance.rust_port import CRATES, Port, PortError, build_port, in_alphabetical_order
from tools.conformance.verdicts import FAILS, PASSES, verdict_on
from tribe_np.oracle.diagnose.diagnosing import diagnose
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kits.kit import Kit, make_kit

NAMED = "first wrong step, and what the diagnosis names"
HEAD = f"| kit | as it is | {NAMED} | modalities named in alphabetical order | {NAMED} | read in its source |"


def port_text(checkout: Path, folder: Path, crates: Path | None) -> str:
    """The whole part: what was built, a line for each kit, and what was read.

    Raises   ConfigError, PortError
    """
    port = build_port(checkout, folder, crates=crates)
    used = ", ".join(f"{name} {port.about[name]}" for name in CRATES)
    lines = [kit_line(port, make_kit("encoder", case.name)) for case in kit_model("encoder").cases]
    lines += [lacking_line(port, make_kit("encoder", "one_modality"), "projectors.video.bias")]
    read = [f"| {what} | {does} | `{where}` |" for what, does, where in READ]
    return "\n".join([
        f"tribev2-rs {port.about['tribev2']} (commit {COMMIT}), its files compiled as they lie in the checkout; "
        f"crates: {used}.", "", HEAD, "|---" * 6 + "|", *lines, "", "Read from its source, since no kit runs it:", "",
        "| what | what the port does | where, in `crates/` |", "|---|---|---|", *read,
    ])  # fmt: skip


def kit_line(port: Port, kit: Kit) -> str:
    """One kit, as it is and with modalities whose order the port keeps."""
    as_it_is, alphabetical = outcome(port, kit), outcome(port, in_alphabetical_order(kit))
    reasons = [CAUSES[kit.case]] if kit.case in CAUSES else []
    if as_it_is != alphabetical or (reasons and as_it_is[1].startswith("`encoder.modalities`")):
        reasons.insert(0, SORTED)
    why = "; ".join(f"{reason} (`{where}`)" for reason, where in reasons)
    return f"| encoder/{kit.case} | {' | '.join(as_it_is)} | {' | '.join(alphabetical)} | {why} |"


def lacking_line(port: Port, kit: Kit, weight: str) -> str:
    """A kit whose file of weights lacks one: upstream refuses it."""
    there = {name: array for name, array in kit.weights.items() if name != weight}
    verdict, step = outcome(port, kit, replace(kit, weights=there))
    does, where = ZEROS
    return f"| encoder/{kit.case} without `{weight}` | {verdict} | {step} | | | {does} (`{where}`) |"


def outcome(port: Port, kit: Kit, given: Kit | None = None) -> tuple[str, str]:
    """The verdict, and the first wrong step with its diagnosis, or the error.

    given   what the port gets where it is not the kit
    """
    try:
        recorded = port.run(given or kit)
    except PortError as error:
        return "stops", str(error)
    found = verdict_on(kit, "tribev2-rs", recorded)[1]
    first = found.first_locally_out
    if first is None:
        return PASSES, ""
    named = ", ".join(diagnose(kit, recorded, found).named)
    return FAILS, f"`{first.name}`: {named or 'nothing that is known'}"
