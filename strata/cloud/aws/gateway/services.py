"""The services of one embedded cloud: made in one place, started and stopped in one order."""

from __future__ import annotations

from collections.abc import Collection

from strata.cloud.aws.cloudwatch.api import CloudWatch
from strata.cloud.aws.cloudwatch.metrics import Metrics
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.dynamodb.conditional_writes import ConditionalWrites
from strata.cloud.aws.dynamodb.tables import Tables
from strata.cloud.aws.dynamodb.tags import TableTags
from strata.cloud.aws.events.api import EventBridge
from strata.cloud.aws.gateway.one_by_one import OneByOne
from strata.cloud.aws.gateway.snapshot import AwsState
from strata.cloud.aws.gateway.tags import Tags
from strata.cloud.aws.gateway.time import Time
from strata.cloud.aws.gateway.untracked import Untracked
from strata.cloud.aws.glue.api import Glue
from strata.cloud.aws.iam.authorization import Authorizer
from strata.cloud.aws.iam.boundaries import Boundaries
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.iam.sts import Sts
from strata.cloud.aws.kms import Keys
from strata.cloud.aws.lambda_.api import Lambda
from strata.cloud.aws.recorded_calls import RecordedCalls
from strata.cloud.aws.s3.access import S3Access
from strata.cloud.aws.s3.events import S3Events
from strata.cloud.aws.s3.lifecycle import Lifecycle
from strata.cloud.aws.s3.logging import Logging
from strata.cloud.aws.s3.object_lock import ObjectLock
from strata.cloud.aws.s3.settings import BucketSettings
from strata.cloud.aws.s3.stored_objects import StoredObjects
from strata.cloud.aws.s3.versions import Sequencer
from strata.cloud.aws.s3.versions import Versions as ObjectVersions
from strata.cloud.aws.scheduler.api import Scheduler
from strata.cloud.aws.service import Service
from strata.cloud.aws.sns.topics import Topics
from strata.cloud.aws.sqs.messages import Messages
from strata.cloud.aws.sqs.redrive import RedrivePolicies
from strata.cloud.aws.stepfunctions.api import StepFunctions
from strata.cloud.aws.stepfunctions.versions import Versions as StateMachineVersions
from strata.cloud.snapshot import Snapshot


class Services:
    """What serves one embedded AWS from its start to its stop.

    Args:
        context: the cloud.
        leave_out: names of services that stay as moto has them.
    """

    def __init__(self, context: CloudContext, leave_out: Collection[str] = ()) -> None:
        self.issuer = context.issuer
        self.faults = context.faults
        self.calls = RecordedCalls()
        self.identity = Identity(context)
        self.authorizer = Authorizer(self.identity)
        self.s3_access = S3Access(self.identity, self.authorizer)
        self.objects = StoredObjects(self.s3_access, context.region)
        self.glue = Glue(context, self.identity)
        self.functions = Lambda(context, self.identity)
        self.clock = context.clock
        metrics, sequencer = Metrics(), Sequencer()
        self._in_order: tuple[Service, ...] = (
            Untracked(),
            Time(context.clock),
            self.identity,
            Sts(self.identity, self.issuer),
            Boundaries(),
            Tags(),
            ObjectVersions(sequencer),
            S3Events(self.identity, context.channels, sequencer),
            self.s3_access,
            Lifecycle(),
            Logging(),
            BucketSettings(),
            ObjectLock(),
            ConditionalWrites(),
            Tables(),
            TableTags(),
            EventBridge(context.faults, context.clock),
            Scheduler(context, self.identity),
            CloudWatch(context.clock, metrics),
            StepFunctions(context, self.identity, metrics),
            StateMachineVersions(),
            self.glue,
            self.functions,
            Topics(),
            Messages(),
            RedrivePolicies(),
            Keys(),
            OneByOne(),
        )
        self._leave_out = frozenset(leave_out)
        self._started: list[Service] = []
        state = AwsState(context, self._in_order, self._started)
        self.snapshot = Snapshot(state.save, state.load)

    def start(self) -> None:
        """Start every service, in order."""
        for service in self._in_order:
            if service.name not in self._leave_out:
                self._started.append(service)
                service.start()
        self.clock.start()

    def stop(self) -> None:
        """Stop what was started, the last one first; a second call does nothing."""
        self.clock.stop()
        while self._started:
            self._started.pop().stop()
        self.issuer.forget()
