class Verifier:
    pass
