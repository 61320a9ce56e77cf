"""Google Drive: the only folder that knows Google's client libraries.

Import from its modules; this file stays empty of imports, because Google's libraries take their time to load.
"""
