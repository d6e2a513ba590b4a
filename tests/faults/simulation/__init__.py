"""Broker, gateways and clients in one process, with a simulated network, disk and clock.

The parts that decide are the product's own: :class:`broker.core.Core`,
:class:`gateway.core.Core` and :class:`protocol.client.session.Session`. What is simulated is what
they stand on. One seed, one story: nothing here looks at a real clock or draws from another
generator than the one that the seed made.
"""
