"""What comes back by mail: bounces, complaints, wishes to leave; read, understood, and acted on."""
