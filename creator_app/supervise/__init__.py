"""What `up` is made of: which processes there are, who keeps them alive, and when they are ready.

Must not import Reflex, the models or the services: `up` stays small and starts quickly.
"""
