"""Methods that minimise a cost: 3DVar and 4DVar, strong, weak and hybrid."""
