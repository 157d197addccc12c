"""The hooks room: the city's programs are told what happens, by signed requests that are repeated until taken.

Deliveries are made and kept by the records (:mod:`acd.records.hooks`); the courier brings them. It looks on from
beside: whatever a receiver does, or does not do, no call waits for it.
"""
