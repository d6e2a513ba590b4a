"""Durable ingest beside others: the same messages, stored by Redis, NATS and PostgreSQL."""
