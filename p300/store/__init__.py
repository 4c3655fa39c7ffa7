"""STORE: where objects are, what they are called, how subjects are written. The only boto3."""
