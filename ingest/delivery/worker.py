from __future__ import annotations

import queue
import threading
import time
from collections import deque
from dataclasses import replace
from datetime import datetime

from ingest import log
from ingest.aisensy.client import Client
from ingest.catalog import LiveCatalog
from ingest.channels import CHANNELS
from ingest.channels.graph import Graph
from ingest.delivery.alarms import Alarms
from ingest.delivery.chores import Chores
from ingest.delivery.forgotten import Forgotten
from ingest.delivery.holdings import Holdings
from ingest.delivery.lookups import Found, Lookups, missed, page_of
from ingest.delivery.mended import Mended
from ingest.delivery.prepare import Ready, crashed, elsewhere, later, prepare
from ingest.delivery.recorder import Recorder
from ingest.delivery.senders import IN_FLIGHT, Answer, Senders
from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.inbox.brakes import Pause
from ingest.inbox.claims import Want
from ingest.inbox.paces import Pace
from ingest.intake.access import access_names
from ingest.models import LOOK_UP, Delivery, Reason
from ingest.settings import Settings, key_name

POLL = 1.0  # seconds between looks into the store when nothing wakes us
CHORES = 10.0  # seconds between renewals of leases: a third of a lease
GATHER = 0.004  # seconds that answers are gathered for one transaction, while a backlog is sent
FINISH = 8.0  # seconds that requests under way have to end when we stop

_logger = log.get()


class Worker:
    """Takes due deliveries through: claim → look up → translate → send → record.

    One thread decides and writes; requests and look-ups are under way in others and answer through a queue.
    """

    def __init__(self, settings: Settings, inbox: Inbox, name: str) -> None:
        self.name = name
        self._settings = settings
        self._inbox = inbox
        self._live = LiveCatalog(settings.mappings, settings.default_country)
        self._told: queue.SimpleQueue[Answer | Found | None] = queue.SimpleQueue()
        self._senders = Senders(Client(settings.aisensy_timeout, IN_FLIGHT), self._told.put)
        self._lookups = Lookups(Graph(settings.graph_url), settings.secrets, self._told.put)
        self._recorder = Recorder(inbox, name, self._done, self._pace)
        self._mine = Holdings()
        self._ready: dict[str, deque[Ready]] = {}
        self._later: dict[str, float] = {}  # when accounts that are paced may send again
        self._keyless: set[str] = set()
        self._mended = Mended(inbox)
        self._forgotten = Forgotten(inbox, settings.default_country)
        self._alarms = Alarms()  # when deliveries that we had are due again
        self._chores = Chores(settings, inbox, self._live)
        self._stop = threading.Event()
        self._meta_works = False  # again
        self._next_look = 0.0
        self._next_chores = 0.0

    def run(self) -> None:
        """Work until `stop`. A store that fails is waited for; nothing that it acknowledged is lost."""
        ears = threading.Thread(target=self._inbox.bell.listen, args=(self._wake, self._stop), daemon=True)
        ears.start()
        _logger.info("worker_started", worker_id=self.name)
        while not self._stop.is_set():
            try:
                self._turn()
            except StoreError as error:
                _logger.error("store_failed", error=str(error), hint="Waiting for it")  # noqa: TRY400 - says it all
                self._stop.wait(1)
        self._finish()
        ears.join(2)
        _logger.info("worker_stopped", worker_id=self.name)

    def stop(self) -> None:
        """Finish what is under way, give back the rest, and return from `run`."""
        self._stop.set()
        self._wake()

    def _wake(self) -> None:
        self._told.put(None)

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._next_chores:
            self._inbox.renew(self.name, self._mine.ids)
            self._chores.do()
            self._mended.look_again()
            self._next_chores = now + CHORES
        self._mended.release(self._live.current())
        if self._alarms.ring(now):
            self._next_look = 0.0
        if now >= self._next_look:
            self._claim()
        self._send()
        self._ask_again()
        self._listen()

    def _listen(self) -> None:
        """Wait for the first answer or ring, then take all that is there."""
        pause = max(0.0, min(self._next_look, self._next_chores, self._alarms.next) - time.monotonic())
        try:
            told = self._told.get(timeout=pause) if pause else self._told.get_nowait()
            gathered = time.monotonic() + GATHER
            while True:
                self._take(told)
                told = self._told.get(timeout=max(0.0, gathered - time.monotonic()) if self._gathers else 0.0)
        except queue.Empty:
            return

    @property
    def _gathers(self) -> bool:
        """Whether more answers are worth a moment: with a backlog, one transaction had better write several."""
        return self._senders.under_way > 0 and any(self._ready.values())

    def _take(self, told: Answer | Found | None) -> None:
        match told:
            case None:
                self._next_look = 0.0
            case Answer():
                self._senders.answered(told)
                self._recorder.answer(told)
            case Found():
                for delivery in told.leads:
                    self._prepare(delivery)
                for delivery, error in told.missing:
                    self._recorder.park(delivery, missed(self.name, delivery, error))
                self._meta_works |= told.works

    def _claim(self) -> None:
        keyless: set[str] = set()

        def room(lane: str) -> int:
            if not lane.startswith(LOOK_UP) and self._settings.secrets.api_key(lane) is None:
                keyless.add(lane)
                return 0
            return self._mine.room(lane)

        claimed = self._inbox.claim(Want(self.name, room))
        self._next_look = time.monotonic() + (0.0 if claimed else POLL)
        for account in keyless - self._keyless:
            hint = f"Set {key_name(account)}; the account's leads wait till then"
            self._inbox.pause(Pause(account, Reason.NO_KEY, hint))
            _logger.warning("account_without_key", account=account, hint=hint)
        self._keyless = keyless
        remote = []
        for delivery in claimed:
            if not self._mine.take(delivery):
                continue
            channel = CHANNELS.get(delivery.event.channel)
            if channel is not None and channel.remote and delivery.lead is None and not delivery.event.erased:
                remote.append(delivery)
            else:
                self._prepare(delivery)
        self._lookups.start(remote, self._access)

    def _access(self, delivery: Delivery) -> tuple[str, str]:
        mapping = self._live.knowing(delivery.event.endpoint).mappings.get(delivery.event.endpoint)
        return access_names(mapping.intake if mapping else None, page_of(delivery))

    def _ask_again(self) -> None:
        """Leads that wait for Meta are asked for as soon as it works; those too that have just been written to wait."""
        if self._lookups.stops.renewed() or self._meta_works:
            self._inbox.hurry()
            self._meta_works = False
            self._next_look = 0.0

    def _prepare(self, delivery: Delivery) -> None:
        try:
            catalog = self._live.knowing(delivery.event.endpoint)
            prepared = prepare(delivery, catalog, self.name, self._inbox.routes_beside, self._forgotten.has)
        except StoreError:
            self._recorder.park(delivery, later(self.name, delivery))
            return
        except Exception as error:  # noqa: BLE001 - a fault of ours in one lead must hold up no other
            self._recorder.park(delivery, crashed(self.name, delivery, self._live.current(), error))
            return
        if prepared.fan is not None:
            self._recorder.add(prepared.fan)
        if prepared.move is not None:
            self._recorder.park(delivery, prepared.move)
        elif prepared.ready is not None and prepared.ready.kept["account"] != delivery.account:
            self._recorder.park(delivery, elsewhere(self.name, delivery, prepared.ready.kept["account"]))
        elif prepared.ready is not None:
            self._ready.setdefault(delivery.account, deque()).append(prepared.ready)

    def _send(self) -> None:
        """Record what is known, and let requests leave: those whose intent is on disk, as many as may be under way."""
        now = time.monotonic()
        leaving = [
            waiting.popleft()
            for account, waiting in self._ready.items()
            if self._later.get(account, 0.0) <= now
            for _ in range(min(len(waiting), self._senders.room(account)))
        ]
        if not (leaving or self._recorder.pending):
            return
        try:
            written = self._recorder.write(leaving)
        except StoreError:
            self._put_back([replace(ready, unsure=True) for ready in leaving])
            raise
        self._put_back([ready for ready, _ in written.later])
        for ready, again_at in written.later:
            self._later[ready.account] = self._alarms.set(again_at)
        catalog = self._live.current()
        for ready in written.leaving:
            account = catalog.accounts.get(ready.account)
            url = self._settings.aisensy_of(account.url if account else None)
            key = self._settings.secrets.api_key(ready.account) or ""
            self._senders.send(ready, url, key)

    def _put_back(self, waiting: list[Ready]) -> None:
        for ready in reversed(waiting):
            self._ready[ready.account].appendleft(ready)

    def _pace(self, account: str) -> Pace:
        told = self._live.current().accounts.get(account)
        return Pace(told.pace, told.in_flight) if told else Pace()

    def _done(self, delivery: Delivery, due_at: datetime | None) -> None:
        """A delivery is no longer ours; it may be due again."""
        if due_at is not None:
            self._alarms.set(due_at)
        if self._mine.drop(delivery):
            self._next_look = 0.0

    def _finish(self) -> None:
        """Wait for what is under way, record it, and give back the rest."""
        self._lookups.close()
        end = time.monotonic() + FINISH
        while self._senders.under_way and time.monotonic() < end:
            try:
                told = self._told.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(told, Answer):
                self._take(told)
        try:
            self._recorder.write([])
            self._inbox.free(self.name)
        except StoreError as error:
            _logger.error("store_failed", error=str(error), hint="The leases run out")  # noqa: TRY400 - the same
