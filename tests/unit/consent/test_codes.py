"""Codes on paper: typed by a tired person, proven without being told, and never twice the same."""

from __future__ import annotations

import re

import pytest

from drkit.adapters.break_glass import is_proven, new_code, prove, seal, seal_name, seal_of
from drkit.ports import Secret

CODE = Secret("K7Q2M-9XTPA-04RWE-BCDFG")
SEAL = seal(CODE)


def test_a_code_has_a_hundred_random_bits_and_a_form_that_can_be_read_out() -> None:
    codes = {new_code().reveal() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}", c) for c in codes)


@pytest.mark.parametrize(
    "typed", ["k7q2m9xtpa04rwebcdfg", " K7Q2M 9XTPA 04RWE BCDFG ", "K7Q2M-9XTPA-O4RWE-BCDFG"]
)
def test_case_spaces_dashes_and_letters_that_look_like_digits_do_not_matter(typed: str) -> None:
    assert seal_of(Secret(typed), [seal(new_code()), SEAL]) == SEAL


def test_a_wrong_character_is_another_code() -> None:
    assert seal_of(Secret("K7Q2M-9XTPA-04RWE-BCDFH"), [SEAL]) is None


def test_two_seals_of_one_code_have_nothing_in_common() -> None:
    assert seal(CODE) != SEAL
    assert seal_name(seal(CODE)) != seal_name(SEAL)


def test_a_proof_is_of_one_statement_and_one_code() -> None:
    proof = prove(CODE, SEAL, "yes")
    assert is_proven(SEAL, "yes", proof)
    assert not is_proven(SEAL, "yes!", proof)
    assert not is_proven(seal(CODE), "yes", proof)
    assert not is_proven(SEAL, "yes", prove(new_code(), SEAL, "yes"))


def test_a_code_is_a_secret_in_every_output() -> None:
    assert CODE.reveal() not in f"{CODE} {CODE!r}"
