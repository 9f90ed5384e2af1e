"""The home folder: where keys, certificates, data and logs of one machine lie."""

from pathlib import Path

from broker.nkey import read_seed

OPS = "ops"
GATEWAY = "gateway"


class Home:
    """Paths in a home folder.

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def keys_dir(self) -> Path:
        """Return where NKEY seeds lie."""
        return self.path / "keys"

    @property
    def tls_dir(self) -> Path:
        """Return where certificates lie."""
        return self.path / "tls"

    @property
    def nats_dir(self) -> Path:
        """Return where the server's configuration and data lie."""
        return self.path / "nats"

    @property
    def logs_dir(self) -> Path:
        """Return where processes log."""
        return self.path / "logs"

    @property
    def private_dirs(self) -> tuple[Path, ...]:
        """Return the folders of keys, and of what departments have said: for their owner only."""
        return self.keys_dir, self.tls_dir, self.nats_dir, self.spool_dir, self.journals_dir

    @property
    def nats_config(self) -> Path:
        """Return the server's configuration as rendered."""
        return self.nats_dir / "nats.conf"

    @property
    def ca(self) -> Path:
        """Return the certificate of the city's authority."""
        return self.tls_dir / "ca.pem"

    @property
    def revoked(self) -> Path:
        """Return the list of serial numbers of certificates that were taken back."""
        return self.tls_dir / "revoked"

    def certificate(self, name: str) -> tuple[Path, Path]:
        """Return the paths of a certificate and its key."""
        return self.tls_dir / f"{name}.pem", self.tls_dir / f"{name}.key"

    def seed_path(self, user: str) -> Path:
        """Return the path of a bus user's seed."""
        return self.keys_dir / f"{user}.nk"

    def former_seed_path(self, user: str) -> Path:
        """Return where a user's seed lies that is accepted for a while beside the new one."""
        return self.keys_dir / f"{user}.nk.former"

    @property
    def spool_dir(self) -> Path:
        """Return where feeds keep what the bus cannot take yet."""
        return self.path / "spool"

    def spool(self, feed: str) -> Path:
        """Return the path of a feed's spool."""
        return self.spool_dir / f"{feed}.sqlite"

    def signing_key(self, gateway: str) -> tuple[Path, Path]:
        """Return the paths of a gateway's key for what it records, and of its public key."""
        return self.keys_dir / f"{gateway}.audit.key", self.keys_dir / f"{gateway}.audit.pub"

    def journal(self, gateway: str) -> Path:
        """Return the path of what a gateway has recorded and the bus does not have yet."""
        return self.journals_dir / f"{gateway}.sqlite"

    @property
    def journals_dir(self) -> Path:
        """Return where gateways' journals lie."""
        return self.path / "audit"

    def seed(self, user: str) -> bytes:
        """Return a bus user's seed.

        Raises:
            HomeDamaged: If there is none.
        """
        return read_seed(self.seed_path(user))

    def accepted_seeds(self, user: str) -> list[bytes]:
        """Return the seeds that servers accept: a user's own, and the one before while it counts.

        Raises:
            HomeDamaged: If there is none, or one is damaged.
        """
        former = self.former_seed_path(user)
        seeds = [self.seed(user), *([read_seed(former)] if former.exists() else ())]
        return list(dict.fromkeys(seeds))

    @property
    def route_secret(self) -> Path:
        """Return the path of what the servers of a cluster know each other by."""
        return self.keys_dir / "routes.secret"
