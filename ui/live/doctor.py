"""The doctor's line on a page: the diagnosis of a run, its evidence and its remedies."""

from __future__ import annotations

import math
from typing import NamedTuple

import streamlit as st

from gan_core import ExperimentConfig
from gan_core.diagnosis import (
    CANNOT_SAY,
    HEALTHY,
    TOO_EARLY,
    Diagnosis,
    Evidence,
    Remedy,
    Trial,
    can_try,
    diagnose,
    indicators_of,
    reference_of,
)
from gan_core.diagnosis.rule import MAX_REMEDIES
from gan_core.evaluation.report import EvaluationReport
from gan_core.words import setting_text, true_minus
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session import open_runs, state

DIAGNOSIS_SECONDS = 1.0
"""Seconds between two diagnoses of a run that trains."""

HEIGHT = 90
"""Pixels: as much as two lines of words and a row of buttons, so that the charts stand still."""

MIN_PRINTED = 0.001
BADGES = {
    HEALTHY: ("green", "check_circle"),
    CANNOT_SAY: ("gray", "help"),
    TOO_EARLY: ("gray", "hourglass_empty"),
    "diverging": ("red", "emergency"),
}
ILL = ("orange", "medical_services")


def show(run: PageRun) -> None:
    """Show the diagnosis of a run; a remedy's button applies it.

    It stands outside the live fragment and reads the snapshot drawn last, once a second.
    """
    run.remedy_applied = False  # the whole page is being drawn: it shows what was applied

    @st.fragment(run_every=DIAGNOSIS_SECONDS if run.playback.running else None)
    def diagnosis_line() -> None:
        if run.remedy_applied:  # set by the click that this very fragment run serves
            run.remedy_applied = False
            st.rerun()
        diagnosis = examine(run)
        advice = _advice(run, diagnosis)
        colour, icon = BADGES.get(diagnosis.condition, ILL)
        with st.container(height=HEIGHT, border=False, gap="xxsmall", key=f"{run.page}.doctor"):
            sentence = true_minus(diagnosis.sentence)
            badge = f":{colour}-badge[:material/{icon}: {diagnosis.title}]"
            words = escape_markdown(f"{sentence} {advice.sentence}".rstrip())
            with st.container(horizontal=True, gap="xsmall"):
                st.markdown(f"{badge} {words}", width="stretch")
                _show_evidence(run, diagnosis)
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                slots = [st.empty() for _ in range(MAX_REMEDIES)]
                _show_remedies(run, advice, slots)

    diagnosis_line()


def examine(run: PageRun) -> Diagnosis:
    """Return the diagnosis of a run, by the latest snapshot of the step that is displayed.

    That of the newest step is steady: it does not change at every look.
    """
    trainer = run.displayed
    key = ("reference", trainer.config.dataset, trainer.config.architecture.conditional)
    reference = state.visitor().cached(key, lambda: reference_of(trainer))
    snapshot = run.latest_snapshot()
    found = diagnose(indicators_of(trainer, snapshot, reference, _recent_report(run)))
    if run.looks_back:
        return found
    return run.steady.see(found, (run.id, trainer.config), snapshot.step)


def _show_evidence(run: PageRun, diagnosis: Diagnosis) -> None:
    """Offer the table of all rules; it is sent only while it is open."""
    with st.popover("Evidence", on_change="rerun", key=f"{run.page}.evidence") as evidence:
        if evidence.open:
            st.caption(
                "Each line compares what was measured with the value beyond which it counts; "
                "bold ones do."
            )
            st.markdown(evidence_table(diagnosis))


class Advice(NamedTuple):
    """The remedies that are offered, and what came of trying them, in words."""

    remedies: tuple[Remedy, ...]
    sentence: str = ""
    trial: Trial | None = None


def _advice(run: PageRun, diagnosis: Diagnosis) -> Advice:
    """Return what may help; where that can be tried on copies of the run, it is tried first."""
    if run.looks_back or not diagnosis.candidates or not run.step or not can_try(run.trainer):
        return Advice(diagnosis.remedies)
    subject = (run.id, diagnosis.condition, run.config)
    run.measurements.try_remedies(subject, diagnosis.candidates)
    trial = run.measurements.trial_of(subject)
    if trial is not None:
        remedies = trial.working or diagnosis.remedies
        return Advice(remedies[:MAX_REMEDIES], trial.sentence(), trial)
    if run.measurements.is_trying(subject):
        return Advice((), "I am trying on copies of the run what helps.")
    return Advice(diagnosis.remedies)


def _recent_report(run: PageRun) -> EvaluationReport | None:
    """Return the latest evaluation of data with classes, if it is not long ago."""
    if not run.reports or not run.config.dataset.classes:
        return None
    latest = run.reports[-1]
    recent = run.displayed.step_count - latest.step <= max(latest.step // 4, 100)
    return latest if recent else None


def _show_remedies(
    run: PageRun, advice: Advice, slots: list[st.delta_generator.DeltaGenerator]
) -> None:
    config = run.config
    for slot, remedy in zip(slots, advice.remedies, strict=False):
        words = remedy.label + (" and train on" if remedy.live and _stopped(run) else "")
        asks = not remedy.live and run.step > open_runs.ASK_BEYOND_STEPS
        sure = asks and run.remedy.is_pending(remedy.label)
        if sure:
            words = f"Yes, put this run of more than {open_runs.ASK_BEYOND_STEPS:,} steps away"
        slot.button(
            words,
            # The key holds what the button does: a click never applies what came in its place.
            key=f"{run.page}.remedy.{run.revision}.{remedy.label}.{sure}",
            icon=":material/healing:" if remedy.live else ":material/restart_alt:",
            help=run.newest_only or _help(remedy, advice),
            disabled=run.looks_back,
            on_click=_ask if asks and not sure else _apply,
            args=(run, remedy, config),
        )


def _help(remedy: Remedy, advice: Advice) -> str:
    """Return what a button changes, and whether that was tried."""
    words = ", ".join(map(setting_text, remedy.changed)) + " will change."
    if advice.trial is None:
        return f"{words} Not tried on this run."
    return f"{words} {advice.trial.words_on(remedy)}"


def _ask(run: PageRun, remedy: Remedy, config: ExperimentConfig) -> None:
    """Let the button ask before it drops a long run."""
    run.remedy.ask(remedy.label)


def _stopped(run: PageRun) -> bool:
    return run.displayed.failure is not None and not run.playback.running


def _apply(run: PageRun, remedy: Remedy, config: ExperimentConfig) -> None:
    """Apply a remedy to the run that had this config: Streamlit may serve a click twice."""
    if run.config != config or run.looks_back:
        return
    run.remedy.clear()
    stopped = _stopped(run)
    if remedy.live:
        try:
            run.change(remedy.config, remedy.mark)
        except ValueError as error:  # no memory for it
            run.notice, run.remedy_applied = str(error), True
            return
    else:
        open_runs.start_new_run(run, remedy.config)
    if stopped:
        run.playback.start()
    run.show_config()
    run.remedy_applied = True


def evidence_table(diagnosis: Diagnosis) -> str:
    """Return all rules as a table in Markdown."""
    rows = ["| | measured | value | counts | over |", "| --- | --- | ---: | ---: | --- |"]
    for title, evidence in diagnosis.evidence:
        if not evidence:
            rows.append(f"| {title} | *not looked for in such runs* | | | |")
        for i, row in enumerate(evidence):
            rows.append(f"| {title if i == 0 else ''} | {_cells(row)} |")
    return "\n".join(rows)


def _cells(row: Evidence) -> str:
    value = f"**{_number(row.value)}**" if row.tripped else _number(row.value)
    sign = ">" if row.above else "<"
    return f"{row.measured} | {value} | {sign}\u00a0{_number(row.threshold)} | {row.over}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    if 0 < abs(value) < MIN_PRINTED:
        return "0.00"
    return true_minus(f"{value:,.0f}" if abs(value) >= 100 else f"{value:z#.3g}".rstrip("."))
