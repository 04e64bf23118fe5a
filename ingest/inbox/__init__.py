from ingest.inbox.inbox import Inbox as Inbox
