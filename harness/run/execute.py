"""The steps of a run, into records. The only place that turns exceptions into outcomes."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from harness.audit import audit, encoder_of
from harness.audit_record import NOTE
from harness.conversions import meet
from harness.digest import plain
from harness.engine import loading
from harness.engine.encoding import Encoded
from harness.engine.language_model import LanguageModel, engine_facts
from harness.engine.trainer import TrainJob, TrainReport, train
from harness.errors import HarnessError, Unavailable
from harness.examples import ExampleSet
from harness.model_files import weights_digest
from harness.provenance import Meter, host_facts, versions
from harness.records import Cost, Provenance, Record, Results
from harness.reporter import Progress, Reporter
from harness.run.columns import FIT, Columns
from harness.run.crew import ALONE, Crew
from harness.run.ending import Ending
from harness.run.evaluation_record import plain_notes, results_of, write_generations
from harness.run.example_sets import ExampleSets
from harness.run.inputs import ledger_record
from harness.run.known_logps import KnownLogps, Memories
from harness.run.lending import ColumnBench
from harness.run.models import Models
from harness.run.plan import Plan
from harness.run.steps import AuditStep, ColumnRef, ColumnStep, EvaluateStep, FitStep, ModelStep, Step, TrainStep
from harness.run.subject import ColumnSubject, OracleSubject, PolicySubject
from harness.store import POLICY, SHARED, Store


@dataclass(frozen=True)
class Outcome:
    """What a step gave, before it is a record."""

    cost: Cost = field(default_factory=Cost)
    results: Results | None = None
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    engine: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class Executor:
    """Runs steps in this process, holding the models it loaded last."""

    plan: Plan
    store: Store
    speak: Callable[[str], None] = Reporter().say
    """Told what evaluators say."""
    crew: Crew = ALONE
    """Who else runs steps of the plan."""
    before: InitVar[Executor | None] = None
    """Of another plan in this process: what it has loaded is taken over where it is the same here."""
    _base: KnownLogps | None = None

    def __post_init__(self, before: Executor | None) -> None:
        named = self.plan.inputs.contents.folders
        self._models = Models(self.store, self.plan.suite.tokens, self.plan.base, named)
        if before is not None and before._models.alike(self._models):
            self._models, self._base = before._models, before._base
        self._columns = Columns(self.plan.steps, self.store, self._models)
        self._examples = ExampleSets(self.plan.suite.source)
        self._memories = Memories()

    def attempt(self, step: Step, progress: Progress) -> Ending:
        """Run one step, of which all that it needs is done, and commit its record."""
        try:
            self._perform(step, progress)
        except Unavailable as error:
            return Ending("skipped", _reason(error))
        except Exception as error:
            reason = _reason(error)
            self.store.fail(step.digest, reason, traceback.format_exc())
            return Ending("failed", reason)
        return Ending("done")

    def _perform(self, step: Step, progress: Progress) -> None:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        self._columns.begin(step)
        with self.store.working_folder(step.digest) as folder:
            with Meter() as meter:
                outcome = self._work(step, folder, progress)
            cost = outcome.cost.model_copy(update=meter.cost_parts())
            record = Record(
                kind=step.kind,
                digest=step.digest,
                identity=dict(step.identity),
                payload=sorted(p.name for p in folder.iterdir()),
                cost=cost,
                provenance=Provenance(
                    started=started,
                    host={**host_facts(), **self.crew.facts()},
                    versions=versions(),
                    plugins={
                        n: {"distribution": o.distribution, "version": o.version, "sources": o.sources}
                        for n, o in step.plugins.items()
                    },
                    engine=dict(outcome.engine),
                ),
                results=outcome.results,
                notes=dict(outcome.notes),
            )
            self.store.commit(record, folder)

    def _work(self, step: Step, folder: Path, progress: Progress) -> Outcome:
        match step.work:
            case AuditStep():
                return self._audit(step.work, progress)
            case ModelStep():
                return self._make_base(step.work, folder, progress)
            case FitStep():
                return self._fit(step.work, folder, progress)
            case ColumnStep():
                return self._compute_column(step.work, folder, progress)
            case TrainStep():
                return self._train(step.work, folder, progress)
            case EvaluateStep():
                return self._evaluate(step.work, folder, progress)

    def _audit(self, work: AuditStep, progress: Progress) -> Outcome:
        suite, inputs = self.plan.suite, self.plan.inputs
        encoder = encoder_of(inputs.recipe, inputs.folders.get(""), suite.tokens)
        return Outcome(notes={NOTE: audit(suite.source, encoder, work, progress).model_dump(mode="json")})

    def _make_base(self, work: ModelStep, folder: Path, progress: Progress) -> Outcome:
        recipe = work.recipe
        model, tokenizer = recipe.create()
        policy = loading.wrap(model, tokenizer, self.plan.suite.tokens)
        examples = meet(recipe.examples(), recipe.method.needs())
        job = TrainJob(recipe.method, examples, {}, recipe.training, recipe.budget, seed=0)
        report = train(policy, job, folder / "metrics.jsonl", progress)
        loading.save(policy, folder / POLICY)
        made = _trained(policy, report, examples)
        return replace(made, notes={**made.notes, "weights": weights_digest(folder / POLICY)})

    def _train(self, work: TrainStep, folder: Path, progress: Progress) -> Outcome:
        self._models.forget_lent()
        examples = self._examples.of("train", work.seed, work.limit, work.needs)
        examples = work.method.prepare(examples, work.seed)
        policy = self._models.fresh(work.initial, work.training.dtype)
        if work.training.lora is None:
            policy = loading.merged(policy)
        encoded = policy.encoder.examples(examples.examples)
        columns = {c.name: self._columns.of(c, encoded) for c in work.columns}
        policy.encoder.counted.clear()
        reference = self._models.shared(work.initial, work.training.dtype) if work.method.sampling() else None
        job = TrainJob(work.method, examples, columns, work.training, work.budget, work.seed, reference)
        report = train(policy, job, folder / "metrics.jsonl", progress)
        loading.save(policy, folder / POLICY)
        return _trained(policy, report, examples)

    def _fit(self, work: FitStep, folder: Path, progress: Progress) -> Outcome:
        self._models.forget_lent()
        examples = self._examples.of("train", work.seed, work.limit, work.column.needs())
        state = folder / FIT
        state.mkdir()
        bench = ColumnBench(self._models, work.model, work.dtype, state, progress=progress)
        found = work.column.fit(examples, bench, work.seed)
        notes = {"ledger": ledger_record(examples.ledger), "fit": plain(dict(found))}
        return Outcome(bench.cost, notes=notes, engine=bench.engine)

    def _compute_column(self, work: ColumnStep, folder: Path, progress: Progress) -> Outcome:
        examples = self._examples.of(work.split, work.seed, work.limit).examples
        encoder = self._models.shared(work.column.model or self.plan.base).encoder
        table, computed = self._columns.table(work.column, examples, encoder, progress)
        table.write(folder)
        model = work.column.model
        engine = engine_facts(self._models.shared(model, work.column.dtype)) if model else {}
        return Outcome(notes={"responses": len(table), "computed": computed}, engine=engine)

    def _evaluate(self, work: EvaluateStep, folder: Path, progress: Progress) -> Outcome:
        work.evaluator.check()
        subject = self._subject(work, progress)
        policy = subject.policy if isinstance(subject, PolicySubject) else subject.base.model
        policy.encoder.counted.clear()
        found = work.evaluator.evaluate(subject)
        if found.generations:
            write_generations(found, folder / "generations.jsonl")
        counted = {**subject.counted(), **dict(policy.encoder.counted), **found.counted}
        notes = {"ledger": ledger_record(subject.held_out.ledger), **plain_notes(found)}
        engine = engine_facts(policy) if isinstance(subject, PolicySubject) else {}
        cost = Cost(sampled_tokens=subject.sampled_tokens)
        return Outcome(cost, results_of(found, counted), notes, engine)

    def _subject(self, work: EvaluateStep, progress: Progress) -> PolicySubject | ColumnSubject | OracleSubject:
        source = self.plan.suite.source
        if self._base is None:
            self._base = KnownLogps(self._models.shared(work.base))
        around: dict[str, Any] = {
            "split": work.split,
            "held_out": self._examples.of(work.split, 0, self.plan.limits.held_out),
            "source": source,
            "base": self._base,
            "models": self._models,
            "shared": self.store.root / SHARED,
            "progress": progress,
            "speak": self.speak,
        }
        refs = {c.name: c for c in work.columns}

        def columns(name: str, encoded: Sequence[Encoded]) -> list[np.ndarray]:
            return self._columns.of(refs[name], encoded)

        if isinstance(work.subject, ColumnRef):
            return ColumnSubject(**around, name=work.subject.name, columns=columns)
        if work.subject.kind == "oracle":
            return OracleSubject(**around)
        return PolicySubject(
            **around,
            policy=self._models.shared(work.subject),
            reference=self._models.shared(work.reference),
            method=work.method,
            columns=columns,
            memories=self._memories,
        )


def _reason(error: Exception) -> str:
    """What is wrong and what to do, on one line."""
    if isinstance(error, HarnessError):
        return f"{error.problem} (fix: {error.fix})" if error.fix else error.problem
    return f"{type(error).__name__}: {error}" if str(error) else f"{type(error).__name__}, which says nothing of itself"


def _trained(policy: LanguageModel, report: TrainReport, examples: ExampleSet) -> Outcome:
    cost = Cost(
        steps=report.steps,
        prompts=report.prompts,
        response_tokens=report.response_tokens,
        sampled_tokens=report.sampled_tokens,
    )
    notes = {
        "ledger": ledger_record(examples.ledger.plus(counted=dict(policy.encoder.counted))),
        "partition": {
            "digest": report.partition,
            "token_budget": report.token_budget,
            "halved_for_memory": report.halvings,
            "most_micro_batches": report.most_parts,
            **({"optimiser_state_held": list(report.state_held)} if report.state_held else {}),
        },
        "last": dict(report.last),
    }
    return Outcome(cost, None, notes, engine_facts(policy))
