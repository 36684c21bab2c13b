"""What may be given, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.calculation import significant
from chainrule.errors import InputError
from chainrule.examples import network

RIGHT = {"E": 0.298371109, "d_w2[0,0]": 0.082167041}


@pytest.fixture
def mazur():
    return network("mazur")


def test_names_elements_numbers_and_arrays(mazur):
    values = cr.Network.values(*mazur)
    theirs = {
        **RIGHT,
        "a1": values["a1"].tolist(),
        "d_w1": None,
        "d_b1": [None],
        " d_w2 [ 1 , 0 ] ": values["d_w2"][1, 0],
    }
    diagnosis = cr.diagnose(*mazur, theirs)
    assert diagnosis.agrees
    assert diagnosis.compared == 5
    assert set(diagnosis.agreeing) == {"E", "d_w2[0,0]", "a1", "d_w2[1,0]"}
    assert str(diagnosis).startswith("All numbers agree (5): ")


@pytest.mark.parametrize("given", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_does_not_agree(mazur, given):
    values = {name: np.array(value) for name, value in cr.Network.values(*mazur).items()}
    values["a1"][0, 1] = given
    theirs = {name: values[name] for name in ("z1", "a1", "y", "d_w2")}
    diagnosis = cr.diagnose(*mazur, theirs)
    assert [difference.name for difference in diagnosis.differing] == ["a1[0,1]"]
    assert "A number that is not finite comes of a division by 0" in str(diagnosis)
    assert "No known slip" not in str(diagnosis)
    for written in ({"d_w2[0,0]": given}, {"d_w2[0,0]": str(given)}, f"d_w2[0,0],{given}\nE,0.298\n"):
        assert cr.diagnose(*mazur, written).first.name == "d_w2[0,0]"


def test_everything_that_follows_a_nan_does_not_agree(mazur):
    values = cr.Network.values(*mazur)
    theirs = {"a1": values["a1"], "y": values["y"] * np.nan, "d_w2": values["d_w2"] * np.nan, "E": np.nan}
    diagnosis = cr.diagnose(*mazur, theirs)
    assert diagnosis.first.name == "y[0,0]"
    assert len(diagnosis.differing) == 2 + 4 + 1
    assert diagnosis.agreeing == ("a1",)


def test_none_masked_and_empty_stand_for_what_is_not_given(mazur):
    values = cr.Network.values(*mazur)["d_w2"]
    masked = np.ma.array(values, mask=[[True, False], [True, True]])
    masked.data[1] = np.nan
    for given in (
        masked,
        [[None, values[0, 1]], [None, None]],
        np.array([[None, values[0, 1]], [None, None]]),
    ):
        diagnosis = cr.diagnose(*mazur, {"d_w2": given, "E": np.ma.masked, "c": None, "y[0,0]": " "})
        assert diagnosis.agrees
        assert diagnosis.compared == 1


def test_texts_are_printed_numbers(mazur):
    assert cr.diagnose(*mazur, {"d_w2[0,0]": "0.08", "E": "0,298"}).agrees
    assert not cr.diagnose(*mazur, {"d_w2[0,0]": "0.080"}).agrees
    assert not cr.diagnose(*mazur, {"d_w2[0,0]": 0.08}).agrees


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", [True, False])
def test_files_of_spreadsheets_are_read(mazur, separator, header):
    comma = "." if separator == "," else ","
    rows = [separator.join(("d_w2[0,0]", f"0{comma}0822")), separator.join(("E", f"0{comma}2984"))]
    text = "\r\n".join(["# a comment", *([separator.join(("Name", "Value"))] if header else []), *rows, ""])
    diagnosis = cr.diagnose(*mazur, text)
    assert diagnosis.agrees
    assert diagnosis.compared == 2


def test_other_columns_are_passed_over(mazur):
    assert cr.diagnose(*mazur, "who,name,note,value\nme,E,quite sure,0.2984\n").agrees


class Tensor:
    """As a PyTorch tensor that takes part in derivatives."""

    def __init__(self, value):
        self.value = value

    def detach(self):
        return self

    def cpu(self):
        return self.value

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")


def test_tensors_of_other_libraries(mazur):
    right = mazur[0].gradients(*mazur[1:])["w2"].astype(np.float32)
    assert cr.diagnose(*mazur, {"d_w2": Tensor(right)}).agrees


@pytest.mark.parametrize("text", ["0.0822", "0.08217", "0.082", "8.2e-2", "0.08216704084570487"])
def test_printed_digits_are_taken_at_their_word(mazur, text):
    assert cr.diagnose(*mazur, f'name,value\n"d_w2[0,0]",{text}\n').agrees == (text != "0.08216704084570487")
    assert cr.diagnose(*mazur, f"d_w2[0,0],{text}\nE,\n").agrees == (text != "0.08216704084570487")


@pytest.mark.parametrize("text", ["0.0823", "0.08218", "0.083"])
def test_a_last_digit_too_far_does_not_agree(mazur, text):
    assert not cr.diagnose(*mazur, f"name,value\nd_w2[0,0],{text}").agrees


def test_a_file(mazur, tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("name,value\nE,0.2984\nd_w2[0,0],\n")
    assert cr.diagnose(*mazur, path).compared == 1
    assert cr.diagnose(*mazur, str(path)).agrees


@pytest.mark.parametrize(("digits", "agrees"), [(3, True), (5, False), (None, False)])
def test_digits_of_arrays(mazur, digits, agrees):
    assert cr.diagnose(*mazur, {"E": 0.298372, "d_y": [[0.741, -0.217]]}, digits=digits).agrees == agrees


def test_two_decimals_are_taken_as_exact_and_said_to_be(mazur):
    right = cr.Network.values(*mazur)
    rounded = {name: np.round(right[name], 2) for name in ("z1", "d_w1", "d_w2", "d_z1")}
    diagnosis = cr.diagnose(*mazur, {**rounded, "d_z2": right["d_z2"] * 2})
    assert dict(diagnosis.short) == {"z1": 2, "d_w2": 2, "d_z1": 2}  # d_w1 is all 0
    said = "d_w2 has no number of more than 2 decimals; taken as exact. If they are rounded, say digits=2."
    assert said in str(diagnosis)
    assert cr.diagnose(*mazur, rounded, digits=2).agrees
    assert "decimals" not in str(cr.diagnose(*mazur, {"d_w2": right["d_w2"] + 0.25}))
    off = rounded["d_w2"] + [[0, 0.02], [0, 0]]
    assert not cr.diagnose(*mazur, {"d_w2": off}, digits=2).agrees


def test_few_decimals_are_taken_for_printed_ones(mazur):
    right = cr.Network.values(*mazur)
    for name in ("z1", "a1", "d_w1", "d_z1"):
        assert cr.diagnose(*mazur, {name: np.round(right[name], 4)}).agrees
        assert cr.diagnose(*mazur, {name: np.round(right[name], 4).astype(np.float32)}).agrees
        off = np.round(right[name], 4) + 2e-4
        assert not cr.diagnose(*mazur, {name: off}).agrees


@pytest.mark.parametrize(
    ("theirs", "agrees"),
    [
        ({"d_w1": np.zeros((2, 2))}, False),
        ({"d_w1": [[0, 0], [0, 0]]}, False),
        ({"d_w1[0,0]": 0.0}, False),
        ({"d_w1[0,0]": "0"}, False),
        ({"d_w1[0,0]": "0e999999999"}, False),
        ({"d_w1[0,0]": "0.000"}, True),
        ({"d_w1[0,0]": "0", "d_w1[1,1]": "0.001"}, True),
        ({"d_w1[0,0]": "0", "d_w1[1,1]": "0.0010"}, False),
        ({"d_w1[0,0]": 0.0, "d_w1[1,1]": 0.001}, True),
        ({"d_w1": [[0.0, 0.0], [0.001, 0.001]]}, True),
        ({"d_w1": [[0.0, 0.0009], [0.0005, 0.001]]}, False),
    ],
)
def test_a_zero_is_as_exact_as_the_numbers_of_its_array(theirs, agrees):
    """The numbers are 0.00044, 0.00088, 0.0005 and 0.001."""
    assert cr.diagnose(*network("mazur", "float64"), theirs).agrees == agrees


def test_the_rounding_of_a_large_array_is_told_by_all_of_it_and_not_by_its_zeros():
    rng = np.random.default_rng(0)
    net = cr.Network(784, [cr.Dense(16, "tanh"), cr.Dense(10, "softmax")], "cross_entropy", dtype="float64")
    x, t = rng.uniform(size=(32, 784)), rng.integers(10, size=32)
    x[:, :300] = 0
    right = net.gradients(x, t)["w1"]
    assert np.abs(right).max() < 0.2
    assert cr.diagnose(net, x, t, {"d_w1": right}).agrees
    assert not cr.diagnose(net, x, t, {"d_w1": 1.002 * right}).agrees
    theirs = 1.002 * right
    theirs[300:320] = np.round(right[300:320], 3)  # a few that are short
    assert not cr.diagnose(net, x, t, {"d_w1": theirs}).agrees


@pytest.mark.parametrize("scale", [1, 300])
@pytest.mark.parametrize("rounded", [np.round, significant])
def test_right_numbers_agree_however_they_are_rounded(rounded, scale):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        net = cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], dtype="float64", seed=seed)
        x, t = rng.normal(size=(4, 2)), scale * rng.normal(size=(4, 1))
        right = net.values(x, t)
        for digits in range(3, 13):
            theirs = {name: rounded(right[name], digits) for name in ("z1", "y", "d_w1", "d_w2")}
            assert cr.diagnose(net, x, t, theirs).agrees, (seed, digits)


def test_numbers_of_a_network_in_float32_are_known_no_better(mazur):
    net, x, t = network("mazur", "float32")
    right = net.values(x, t)
    theirs = {name: np.asarray(right[name]).tolist() for name in ("z1", "a1", "y", "E", "d_w1", "d_b2")}
    assert cr.diagnose(net, x, t, theirs).agrees
    assert cr.diagnose(net, x, t, {name: repr(value) for name, value in theirs.items() if name == "E"}).agrees
    assert not cr.diagnose(net, x, t, theirs | {"E": theirs["E"] * 1.0001}).agrees
    assert not cr.diagnose(*network("mazur", "float64"), theirs).agrees


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_arrays_of_every_precision(dtype):
    case = network("mazur", "float64")
    right = cr.Network.values(*case)
    assert cr.diagnose(*case, {name: right[name].astype(dtype) for name in ("z1", "a1", "d_w1", "d_w2")}).agrees
    assert not cr.diagnose(*case, {"z1": (right["z1"] * 1.01).astype(dtype)}).agrees


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", [1e308, 1.7e308, -1.7e308, "1.7e308", 5e-324])
def test_the_largest_numbers_do_not_agree(mazur, given):
    for name in ("E", "d_w1[0,0]", "z1[0,1]"):
        assert not cr.diagnose(*mazur, {name: given}).agrees
        assert str(cr.diagnose(*mazur, {name: given, "y[0,0]": -1.7e308}))


def test_a_text_may_have_a_mark_in_front_and_other_ends_of_lines(mazur):
    for text in ("\ufeffname,value\nE,0.2984\n", "name,value\rE,0.2984\r", "\ufeffE;0,2984\r\n"):
        assert cr.diagnose(*mazur, text).agreeing == ("E",)


def test_a_file_may_have_the_ends_of_lines_of_any_system(mazur, tmp_path):
    path = tmp_path / "numbers.csv"
    for end in ("\r", "\n", "\r\n"):
        path.write_bytes(f"name,value{end}E,0.2984{end}".encode())
        assert cr.diagnose(*mazur, path).agreeing == ("E",)


def test_known_names_are_listed_once(mazur):
    with pytest.raises(InputError) as error:
        cr.diagnose(*mazur, {"q9": 1.0}, names={"b1": "b1"})
    listed = str(error.value).partition("Known: ")[2].split(", ")
    assert len(listed) == len(set(listed))


def test_names_of_ones_own(mazur):
    names = {"w5": "w2[0,0]", "out": "y"}
    theirs = {"dE/dw5": 0.082167041, "d_w5": 0.082167041, "out": [[0.7514, 0.7729]]}
    assert cr.diagnose(*mazur, theirs, names=names).agrees
    optimizer = cr.GradientDescent(0.5)
    assert cr.diagnose(*mazur, {"w5": 0.35891648}, names=names, optimizer=optimizer).agrees


def test_the_network_is_left_as_it_is(mazur):
    net, x, t = mazur
    before = net.vector.copy()
    cr.diagnose(net, x, t, {"b1": net.parameters["b1"], "a1": [[0.0, 1.0]]}, optimizer="adam", steps=3)
    assert (net.vector == before).all()


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        ({"d_w3": 1.0}, "unknown name 'd_w3': did you mean 'd_w2'?"),
        ({"d_w1[2,0]": 1.0}, "d_w1[2,0] is no element of d_w1, which has shape (2, 2) and counts from 0"),
        ({"d_w1[0]": 1.0}, "d_w1[0] is no element of d_w1"),
        ({"d_w1[-1,0]": 1.0}, "d_w1[-1,0] is no element of d_w1"),
        ({"d_w1[0 1]": 1.0}, "d_w1[0 1] is no element of d_w1, which has shape (2, 2) and counts from 0"),
        ({"w1[0,]": 1.0}, "w1[0,] is no element of w1"),
        ({"w1[0,,1]": 1.0}, "w1[0,,1] is no element of w1"),
        ({"w1[]": 1.0}, "w1[] is no element of w1"),
        ({f"w1[{'9' * 5000},0]": 1.0}, "is no element of w1"),
        ({"w1[٣,0]": 1.0}, "is no element of w1"),
        ({"w1[0": 1.0}, "unknown name 'w1[0'"),
        ({"E": 10**400}, "E must be numbers, not 1000"),
        ({"d_w1": [1.0, 2.0]}, "d_w1 must have shape (2, 2), not (2,)"),
        ({"d_y": [[1.0], [2.0]]}, "d_y must have shape (1, 2), not (2, 1); transpose it"),
        ({"d_w1": [[1.0, 2.0], [3.0]]}, "d_w1 must be numbers, not"),
        ({"E": "many"}, "E must be a number such as -0.1234, not 'many'"),
        ({"d_y": ["1", "2"]}, "d_y must be numbers, not ['1', '2']"),
        ({"E": 1j}, "E must be numbers"),
        ({3: 1.0}, "a number is given by its name in the equations, such as 'd_w1', not by 3"),
        ({}, "there are no numbers to compare"),
        ({"E": None, "c": np.ma.masked, "y": ""}, "there are no numbers to compare"),
        ({"w1": np.ones((2, 2))}, "w1 is compared as it is after the update: say how it is updated"),
        (7, "the numbers are a mapping of names to arrays, or a CSV of name,value; not 7"),
        ("name,value\n", "there are no numbers to compare"),
        ("\n", "there are no numbers to compare"),
        ("name,value\nE,x\n", "E must be a number such as -0.1234, not 'x'"),
        ("name,value\nE,1e400\n", "E must be a finite number, not '1e400', which is more than float64 can hold"),
        (f"name,value\nE,1e{'9' * 5000}\n", "E must be a number such as -0.1234"),
        (f"name,value\nE,{'1' * 200_000}\n", "cannot be read as a CSV of name,value: field larger"),
        ("name,value\n0.3\n", "a row of the CSV reads name,value"),
        ("name,value\nE,1\nE,2\n", "'E' is given twice"),
        ("nowhere.csv", "there is no file nowhere.csv"),
        (Path("nowhere.csv"), "there is no file nowhere.csv"),
    ],
)
def test_what_does_not_fit_is_refused(mazur, theirs, message):
    with pytest.raises(InputError) as error:
        cr.diagnose(*mazur, theirs)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"digits": 0}, "digits must be a whole number of at least 1, not 0"),
        ({"digits": 16}, "digits must be a whole number of at most 15"),
        ({"steps": 0}, "steps must be a whole number of at least 1, not 0"),
        ({"training": "yes"}, "training must be True or False, not 'yes'"),
        ({"optimizer": "adm"}, "unknown optimiser 'adm': did you mean 'adam'?"),
        ({"language": "xx"}, "unknown language 'xx'"),
        ({"names": {"w5": 3}}, "names are elements by names of your own"),
        ({"names": "w5"}, "names are elements by names of your own"),
        ({"names": []}, "names are elements by names of your own"),
        ({"names": {5: "w1"}}, "names are elements by names of your own"),
        ({"names": {"q": "nope"}}, "unknown element 'nope'. Known: E, a1"),
        ({"names": {"q": "w1[7,7]"}}, "w1[7,7] is no element of w1, which has shape (2, 2)"),
        ({"language": []}, "unknown language []. Known: en, zh"),
        ({"steps": 1001}, "steps must be a whole number of at most 1000, not 1001"),
        ({"sample_weight": [1, 2]}, "sample_weight must have shape (1,)"),
    ],
)
def test_options_that_do_not_fit_are_refused(mazur, options, message):
    with pytest.raises(InputError) as error:
        cr.diagnose(*mazur, RIGHT, **options)
    assert message in str(error.value)


def test_a_network_whose_values_overflow_is_refused():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    net.set_parameters({"w1": [[1e200]]})
    with pytest.raises(InputError, match="there is nothing to compare with: the right value is not finite"):
        cr.diagnose(net, [[1e200]], [[0.0]], {"E": 1.0})
