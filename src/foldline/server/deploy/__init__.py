"""What `foldline check --deploy` looks at beside `check`: the machine, the mail, the certificate, the clock."""
