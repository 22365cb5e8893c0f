"""Matching a board to its config: what agrees, what contradicts, what is ambiguous."""

from __future__ import annotations

import pytest

from bringup.config.load import load_text
from bringup.config.match import MatchOutcome, Observed, match_board
from bringup.config.schema import BoardConfig
from bringup.config.shipped import load_all


def config(name: str, identity: str, extends: str = "") -> BoardConfig:
    text = f"name: {name}\ntitle: {name}\nsources: {{s: x}}\nidentity: {{{identity}, source: s}}\n"
    loaded = load_text(text.encode(), name)
    return loaded.model_copy(update={"extends": extends or None})


PLAIN = config("plain", 'compatible: ["v,plain"], properties: {ro.hardware: hw}')
OTHER = config("other", 'compatible: ["v,other"], properties: {ro.hardware: hw}')
OLD = config("old", 'compatible: ["v,virt"], kernel: "5.10"')
NEW = config("new", 'compatible: ["v,virt"], kernel: "6.12"')
ALL = [PLAIN, OTHER, OLD, NEW]


def test_device_tree_decides() -> None:
    match = match_board(Observed(["v,plain", "v,soc"], {"ro.hardware": "hw"}, "6.1.0"), ALL)
    assert match.outcome is MatchOutcome.MATCHED
    assert match.config is PLAIN
    assert match.explanation == "plain: compatible v,plain; ro.hardware=hw"


def test_without_a_device_tree_two_are_ambiguous_and_the_reason_is_given() -> None:
    match = match_board(Observed(None, {"ro.hardware": "hw"}, "6.1.0"), ALL)
    assert match.outcome is MatchOutcome.AMBIGUOUS
    assert match.config is None
    assert (
        match.explanation
        == "plain and other fit equally (ro.hardware=hw; the board did not show: device tree compatible)"
    )


def test_a_property_that_differs_contradicts() -> None:
    match = match_board(Observed(["v,plain"], {"ro.hardware": "other"}), ALL)
    assert match.outcome is MatchOutcome.NONE
    assert match.explanation == "nearest is plain (compatible v,plain), but ro.hardware=other, not hw"


def test_a_property_that_the_board_does_not_show_is_not_a_contradiction() -> None:
    assert match_board(Observed(["v,plain"], {}), ALL).config is PLAIN


@pytest.mark.parametrize(("release", "wanted"), [("5.10.223", OLD), ("6.12.107+deb13", NEW)])
def test_the_kernel_distinguishes_twins(release: str, wanted: BoardConfig) -> None:
    assert match_board(Observed(["v,virt"], {}, release), ALL).config is wanted


def test_another_kernel_matches_neither_twin() -> None:
    match = match_board(Observed(["v,virt"], {}, "6.1.5"), ALL)
    assert match.outcome is MatchOutcome.NONE
    assert "kernel 6.1, not" in match.explanation


def test_an_unknown_kernel_leaves_twins_ambiguous() -> None:
    match = match_board(Observed(["v,virt"], {}, None), ALL)
    assert match.outcome is MatchOutcome.AMBIGUOUS
    assert "kernel series" in match.explanation


def test_the_kernel_alone_identifies_nothing() -> None:
    assert match_board(Observed(None, {}, "6.12.1"), ALL).outcome is MatchOutcome.NONE


def test_more_agreement_wins() -> None:
    general = config("general", "properties: {ro.hardware: hw}")
    special = config("special", "properties: {ro.hardware: hw, ro.product.device: dev}")
    both = {"ro.hardware": "hw", "ro.product.device": "dev"}
    assert match_board(Observed(None, both), [general, special]).config is special
    assert (
        match_board(Observed(None, {"ro.hardware": "hw", "ro.product.device": "x"}), [general, special]).config
        is general
    )


def test_a_config_wins_over_the_one_it_extends() -> None:
    mine = config("mine", 'compatible: ["v,plain"], properties: {ro.hardware: hw}', extends="plain")
    match = match_board(Observed(["v,plain"], {"ro.hardware": "hw"}), [PLAIN, mine])
    assert match.config is mine


def test_nothing_known() -> None:
    match = match_board(Observed(), ALL)
    assert (
        match.explanation
        == "nothing to match a board config by: the board shows no device tree compatible and no Android properties"
    )
    assert match_board(Observed(["x,y"]), ALL).explanation == "no config names this board (x,y)"
    assert match_board(Observed(["x,y"]), []).outcome is MatchOutcome.NONE


# What the boards say of themselves: root compatible of Linux 7.3.4's device trees.
SHIPPED = [
    ("hikey960", ["hisilicon,hi3660-hikey960", "hisilicon,hi3660"], {"ro.hardware": "hikey960"}),
    ("db845c", ["thundercomm,db845c", "qcom,sdm845"], {"ro.hardware": "db845c"}),
    ("rb5", ["qcom,qrb5165-rb5", "qcom,sm8250"], {}),
    ("rb3gen2", ["qcom,qcs6490-rb3gen2", "qcom,qcm6490"], {}),
    ("vim3", ["khadas,vim3", "amlogic,a311d", "amlogic,g12b"], {"ro.hardware": "yukawa"}),
    ("vim3l", ["khadas,vim3l", "amlogic,sm1"], {"ro.hardware": "yukawa"}),
    ("poplar", ["hisilicon,hi3798cv200-poplar", "hisilicon,hi3798cv200"], {}),
    ("beagle-x15", ["ti,am572x-beagle-x15", "ti,am5728", "ti,dra742", "ti,dra74", "ti,dra7"], {}),
    ("rock-pi-4", ["radxa,rockpi4a", "radxa,rockpi4", "rockchip,rk3399"], {}),
    ("rock-5b", ["radxa,rock-5b", "rockchip,rk3588"], {}),
    ("imx8mm-evk", ["fsl,imx8mm-evk", "fsl,imx8mm"], {"ro.hardware": "nxp"}),
    ("imx8mp-evk", ["fsl,imx8mp-evk", "fsl,imx8mp"], {"ro.hardware": "nxp"}),
    ("am62x-sk", ["ti,am625-sk", "ti,am625"], {"ro.hardware": "am62x"}),
    ("pixel6pro", ["google,gs101-raven", "google,gs101"], {"ro.product.device": "raven"}),
    ("rpi4", ["raspberrypi,4-model-b", "brcm,bcm2711"], {"ro.hardware": "rpi4"}),
    ("rpi5", ["raspberrypi,5-model-b", "brcm,bcm2712"], {}),
    ("cuttlefish", None, {"ro.hardware": "cutf_cvm"}),
]


@pytest.fixture(scope="module")
def shipped() -> tuple[BoardConfig, ...]:
    return load_all()


@pytest.mark.parametrize(("name", "compatible", "properties"), SHIPPED, ids=[row[0] for row in SHIPPED])
def test_every_board_finds_its_own_config(
    shipped: tuple[BoardConfig, ...], name: str, compatible: list[str] | None, properties: dict[str, str]
) -> None:
    match = match_board(Observed(compatible, properties, "6.12.1"), shipped)
    assert match.config is not None, match.explanation
    assert match.config.name == name


def test_two_yukawa_boards_without_a_device_tree_are_ambiguous(shipped: tuple[BoardConfig, ...]) -> None:
    match = match_board(Observed(None, {"ro.hardware": "yukawa"}), shipped)
    assert {candidate.config.name for candidate in match.fitting} == {"vim3", "vim3l"}


def test_every_virtual_board_finds_its_config(shipped: tuple[BoardConfig, ...]) -> None:
    from bringup.virtual.profile import profiles

    for profile in profiles():
        compatible = ["linux,dummy-virt"] if "arm64" in profile.name else None
        match = match_board(Observed(compatible, dict(profile.properties), "6.12.107"), shipped)
        assert match.config is not None, match.explanation
        assert match.config.name == f"virtual-{profile.name}"


def test_what_virtual_boards_show_is_what_their_configs_say(shipped: tuple[BoardConfig, ...]) -> None:
    """Modes and pools stand in the profile and in the config; both must say the same."""
    from bringup.config.schema import DeclaredIn
    from bringup.virtual.profile import profiles

    configs = {config.name: config for config in shipped}
    for profile in profiles():
        config = configs[f"virtual-{profile.name}"]
        lines = [line.split() for line in profile.ueventd.splitlines() if line.startswith("/dev/dma_heap/")]
        told = {path.rpartition("/")[2]: (mode, owner, group) for path, mode, owner, group in lines}
        for heap in config.heaps:
            assert heap.node is not None
            expected = told.get(
                heap.name, ("0444", "system", "system") if heap.name == "system" else ("0600", "root", "root")
            )
            assert (heap.node.mode, heap.node.owner, heap.node.group) == expected, heap.name
            if heap.region is not None and heap.region.declared_in is DeclaredIn.DEVICE_TREE:
                assert f"{heap.name} {{" in profile.overlay
                assert f"0x{heap.region.size or 0:x}>" in profile.overlay
        assert set(told) <= {heap.name for heap in config.heaps}
