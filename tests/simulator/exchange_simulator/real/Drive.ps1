# A server's drive C:, which Linux does not have: a path on it then means what it means on Windows.
$root = [Environment]::GetEnvironmentVariable('EXCHANGE_SIMULATOR_DRIVE')
[void] [IO.Directory]::CreateDirectory($root)
[void] (New-PSDrive -Name C -PSProvider FileSystem -Root $root -Scope Global)
