from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from ingest import settings as environment
from ingest.catalog import LiveCatalog
from ingest.inbox import Inbox
from ingest.intake.endpoints import Intakes
from ingest.settings import Settings
from ingest.web import errors, pages
from ingest.web.backlog import Backlog
from ingest.web.forms.captcha import Judge
from ingest.web.forms.embed import embed
from ingest.web.forms.hosted import hosted
from ingest.web.forms.protection import Protection
from ingest.web.health import health
from ingest.web.hooks import hooks
from ingest.web.openapi.view import openapi
from ingest.web.optout import optout
from ingest.web.request import Request
from ingest.web.sample import sample
from ingest.web.site import NAME, Site
from ingest.web.start import start
from ingest.web.waiting import Waiting


def create_app(settings: Settings | None = None, inbox: Inbox | None = None) -> Flask:
    """The web side, put together: one for each process.

    Raises SettingsError where the environment is wrong. A store that is away is waited for: senders get 503 till then.
    """
    settings = settings or environment.load()
    inbox = inbox or Inbox(settings.database_url, patient=True)
    catalog = LiveCatalog(settings.mappings, settings.default_country)
    intakes = Intakes(catalog.current, inbox, settings.secrets)
    intakes.all()  # so that what is good now is kept, whatever happens to the files before the first lead comes

    app = Flask("ingest", static_folder=None)
    app.request_class = Request
    app.url_map.merge_slashes = False  # a redirect loses the lead
    protection = Protection(Judge(settings.secrets.get, settings.sandbox), inbox.hash_key)
    backlog = Backlog(inbox, settings.max_waiting)
    app.extensions[NAME] = Site(settings, inbox, catalog, intakes, Waiting(inbox), backlog, protection)
    errors.register(app)
    pages.register(app)
    for blueprint in (hooks, hosted, embed, sample, optout, health, openapi, start):
        app.register_blueprint(blueprint)
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
