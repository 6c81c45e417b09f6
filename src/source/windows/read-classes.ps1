<#
.SYNOPSIS
Reads the raw performance classes of Hyper-V's hypervisor for hvql.

.DESCRIPTION
hvql starts this script once and keeps it. Each line on standard input asks for a sample:

  {"id": 7, "classes": {"Win32_PerfRawData_HvStats_HyperVHypervisorLogicalProcessor": ["PercentTotalRunTime", ...]}}

The property "*" stands for every number that the class has, except clocks and what Windows divides by.

Each is answered by one line on standard output, in the order of the requests. The properties stand once, then a list
of texts for each instance; "" is a value that is not there, and a property that this Windows does not have is left out:

  {"id": 7, "classes": {"Win32_...LogicalProcessor": {"properties": ["Name", ...], "instances": [["Hv LP 0", ...], ...]}}}

A class that cannot be read says why in place of that, and the others are read: {"error": "..."}. Numbers are texts, since
ConvertTo-Json would round the largest. Between requests the script waits for the next line and does nothing; it ends
with the end of its standard input. It writes nothing, neither to files nor to Windows.

Windows PowerShell 5.1, which every Windows Server since 2016 has, is enough. Class and property names are the same in
all languages of Windows.
#>
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# Started from PowerShell 7, it would find modules there that Windows PowerShell cannot load.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')

# The streams themselves: the console's reader and writer would use the code page of the system.
$utf8 = [System.Text.UTF8Encoding]::new($false)
$requests = [System.IO.StreamReader]::new([Console]::OpenStandardInput(), $utf8)
$answers = [System.IO.StreamWriter]::new([Console]::OpenStandardOutput(), $utf8)

# The instance's name and the moment of the sample: every class has them.
$always = 'Name', 'Timestamp_PerfTime', 'Frequency_PerfTime', 'Timestamp_Sys100NS', 'Frequency_Sys100NS'
$secondsForOneClass = 20
# Which properties a class has on this Windows, by the class; a class that is not there is looked for again.
$propertiesOf = @{}
# Those of them that "*" stands for.
$numbersOf = @{}
$numberTypes = 'UInt8', 'UInt16', 'UInt32', 'UInt64'
$accompanying = '^(Timestamp|Frequency)_|_Base$'

function ConvertTo-JsonList([string[]] $texts) {
  '[' + (@(foreach ($text in $texts) { ConvertTo-Json -Compress -InputObject ([string] $text) }) -join ',') + ']'
}

function Get-Property([string] $class, [string[]] $wanted) {
  if (-not $propertiesOf.ContainsKey($class)) {
    $definition = Get-CimClass -Namespace root/cimv2 -ClassName $class -OperationTimeoutSec $secondsForOneClass
    $numbersOf[$class] = @($definition.CimClassProperties | Where-Object {
      ($numberTypes -contains [string] $_.CimType) -and ($_.Name -notmatch $accompanying)
    } | ForEach-Object { $_.Name })
    $propertiesOf[$class] = @($definition.CimClassProperties | ForEach-Object { $_.Name })
  }
  $further = if (@($wanted) -contains '*') { $numbersOf[$class] } else { @() }
  @(@($always) + @($wanted) + @($further) | Where-Object { $propertiesOf[$class] -contains $_ } | Select-Object -Unique)
}

# Digits need no escapes, and a host has a hundred thousand of them: only names go through ConvertTo-Json.
function Format-Instance($instance, [string[]] $properties) {
  $cells = foreach ($property in $properties) {
    $value = $instance.CimInstanceProperties[$property].Value
    if ($property -eq 'Name') { ConvertTo-Json -Compress -InputObject ([string] $value) } else { '"' + $value + '"' }
  }
  '[' + (@($cells) -join ',') + ']'
}

function Read-Class([string] $class, [string[]] $wanted) {
  try {
    $properties = Get-Property $class $wanted
    $query = 'SELECT ' + ($properties -join ',') + ' FROM ' + $class
    $found = @(Get-CimInstance -Namespace root/cimv2 -Query $query -OperationTimeoutSec $secondsForOneClass)
    $instances = @(foreach ($instance in $found) { Format-Instance $instance $properties }) -join ','
    '{"properties":' + (ConvertTo-JsonList $properties) + ',"instances":[' + $instances + ']}'
  } catch {
    '{"error":' + (ConvertTo-Json -Compress -InputObject ([string] $_.Exception.Message)) + '}'
  }
}

while ($null -ne ($line = $requests.ReadLine())) {
  $request = ConvertFrom-Json -InputObject $line
  $classes = foreach ($class in $request.classes.PSObject.Properties) {
    '"' + $class.Name + '":' + (Read-Class $class.Name $class.Value)
  }
  $answers.WriteLine('{"id":' + [long] $request.id + ',"classes":{' + (@($classes) -join ',') + '}}')
  $answers.Flush()
}
