"""The built-in engine: ComfyUI's HTTP and websocket protocol, and its model-free core nodes on the CPU.

A process of its own (`python -m jobs_worker.embedded_comfyui --port N --dir D`). Must not import reflex nor
creator_app: it starts in a second and knows nothing of jobs, users or recipes.
"""
