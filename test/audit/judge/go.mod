module countersign/judge

go 1.22
