"""The methods that twin experiments recommend, the usual one first."""

METHODS = (
    "etkf",
    "enkf",
    "denkf",
    "serial-enkf",
    "enkf-n",
    "letkf",
    "local-serial-eakf",
    "ienks",
    "particle-filter",
    "3dvar",
    "4dvar",
    "weak-4dvar",
    "hybrid-4dvar",
    "ekf",
    "optimal-interpolation",
    "climatology",
    "no-assimilation",
)
LOCALISED = ("letkf", "local-serial-eakf")
FOR_FEW_VARIABLES = ("particle-filter", "ekf")
