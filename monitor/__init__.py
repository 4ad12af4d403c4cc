"""haiti-monitor: feeds in, alerts out, once and with the evidence.

The library behind the service. It never imports Prefect, and importing it loads neither Prefect nor newspaper3k.
"""
