"""What tries an adapter without a bus; third parties import it as ``liandong.testing``."""
