"""The built-in engine: speaks ComfyUI's HTTP and websocket protocol and runs its model-free core nodes on the CPU.

A process of its own (`python -m jobs_worker.embedded_comfyui --port N --dir D`). Must not import reflex nor
creator_app: it starts in a second and knows nothing of jobs, users or recipes.
"""
